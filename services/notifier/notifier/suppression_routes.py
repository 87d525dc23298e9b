"""HTTP of addresses that are not written to: look, add, lift."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from chassis import audits
from chassis.access import READ, WRITE, needs
from chassis.errors import NotFound, Rejected
from chassis.openapi import answer
from chassis.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.web import Transaction
from notifier import suppression_store
from notifier.pseudonyms import address_hash
from notifier.suppression_schemas import SUPPRESSION, AddressIn, LiftIn, SuppressionBody, SuppressionIn
from notifier.suppression_store import Place
from notifier.suppressions import Suppression


def suppression_routes(runtime: Runtime) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/v1/suppressions", tags=["suppressions"])

    @router.get(
        "", summary="Addresses that are not written to, by their hashes, newest first",
        responses=answer({"data": [SUPPRESSION], "next_cursor": None}),
    )  # fmt: skip
    @needs(READ)
    async def list_suppressions(
        tx: Transaction,
        reason: Annotated[str | None, Query(max_length=64, examples=["mailbox_unknown"])] = None,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
    ) -> Page[SuppressionBody]:
        found = await suppression_store.listed(tx, reason=reason, after=_place(cursor), most=PAGE_SIZE + 1)
        page = found[:PAGE_SIZE]
        return Page(
            data=[SuppressionBody.of(one) for one in page],
            next_cursor=_cursor(page[-1]) if len(found) > PAGE_SIZE else None,
        )

    @router.post("/lookup", summary="Whether an address is written to", responses=answer([SUPPRESSION]))
    @needs(READ)
    async def look_up(body: AddressIn, tx: Transaction) -> list[SuppressionBody]:
        book = await suppression_store.address_book(tx, [address_hash(body.address)])
        return [SuppressionBody.of(one) for _, one in sorted(book.suppressions.items())]

    @router.post("", summary="Write to an address no more", responses=answer(SUPPRESSION))
    @needs(WRITE)
    async def suppress(body: SuppressionIn, tx: Transaction) -> SuppressionBody:
        one = Suppression(
            address_hash=address_hash(body.address), reach=body.reach, reason="care", since=await runtime.now(),
            until=body.until, evidence=f"care team: {body.evidence}",
        )  # fmt: skip
        await suppression_store.keep(tx, [one])
        await audits.write(tx, subject=one.address_hash.hex())
        return SuppressionBody.of(one)

    @router.delete("", summary="Write to an address again", responses=answer({"lifted": True}))
    @needs(WRITE)
    async def lift(body: LiftIn, tx: Transaction) -> dict[str, bool]:
        address = address_hash(body.address) if body.address else bytes.fromhex(body.address_hash or "")
        if not await suppression_store.lift(tx, address, await runtime.now(), f"care team: {body.because}"):
            raise NotFound("not_suppressed", "This address is not suppressed.")
        await audits.write(tx, subject=address.hex())
        return {"lifted": True}

    return router


def _cursor(one: Suppression) -> str:
    return encode_cursor(one.since.isoformat(), f"{one.address_hash.hex()}:{one.reach}")


def _place(cursor: str | None) -> Place | None:
    match decode_cursor(cursor):
        case None:
            return None
        case (str(since), str(place)):
            return _read(since, place)
    raise _bad_cursor()


def _read(since: str, place: str) -> Place:
    address, _, reach = place.partition(":")
    try:
        return Place(datetime.fromisoformat(since), bytes.fromhex(address), reach)
    except ValueError as error:
        raise _bad_cursor() from error


def _bad_cursor() -> Rejected:
    return Rejected("bad_cursor", "The cursor is not one of ours; start again without it.")
