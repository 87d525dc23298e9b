"""HTTP in: where a member stands and why, and spending."""

from fastapi import APIRouter

from chassis.access import READ, WRITE, needs
from chassis.errors import NotFound, Rejected
from chassis.operations import Cursor, Limit
from chassis.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.service import Tx
from contracts.vocabulary import LARGEST_INTEGER
from loyalty import store
from loyalty.accounts import Account
from loyalty.programme import Programme
from loyalty.redemptions import Redeem
from loyalty.schemas import (
    CustomerId,
    ExplanationBody,
    MemberBody,
    PostingBody,
    ProgrammeBody,
    RedemptionBody,
    RedemptionRequest,
)

ACTOR = "service:storefront"


def routes(runtime: Runtime, programme: Programme) -> APIRouter:
    """Members and the programme."""
    router = APIRouter(prefix="/v1", tags=["loyalty"])

    @router.get("/programme", summary="The rules, as numbers")
    @needs(READ)
    async def programme_in_force() -> ProgrammeBody:
        return ProgrammeBody.model_validate(programme)

    @router.get("/members/{customer_id}", summary="Where does this member stand?")
    @needs(READ)
    async def member(customer_id: CustomerId) -> MemberBody:
        async with runtime.transaction() as tx:
            return MemberBody.of(programme, await _account(tx, customer_id))

    @router.get("/members/{customer_id}/postings", summary="Every movement of points, latest first")
    @needs(READ)
    async def postings(customer_id: CustomerId, limit: Limit = PAGE_SIZE, cursor: Cursor = None) -> Page[PostingBody]:
        async with runtime.transaction() as tx:
            await _account(tx, customer_id)
            rows = await store.postings_of(tx, customer_id, before=_before(cursor), most=limit)
        next_cursor = encode_cursor(rows[-1].number) if len(rows) == limit else None
        return Page(data=[PostingBody.of(row) for row in rows], next_cursor=next_cursor)

    @router.get("/members/{customer_id}/explanation", summary="Why do I have these points?")
    @needs(READ)
    async def explanation(customer_id: CustomerId, limit: Limit = PAGE_SIZE, cursor: Cursor = None) -> ExplanationBody:
        async with runtime.transaction() as tx:
            member = MemberBody.of(programme, await _account(tx, customer_id))
            totals = await store.totals_of(tx, customer_id)
            orders = await store.orders_explained(tx, customer_id, before=_before(cursor), most=limit)
        next_cursor = encode_cursor(orders[-1].last_number) if len(orders) == limit else None
        return ExplanationBody.of(member, totals, orders, next_cursor)

    @router.post("/members/{customer_id}/redemptions", status_code=201, summary="Spend points, once per redemption_id")
    @needs(WRITE)
    async def redeem(customer_id: CustomerId, body: RedemptionRequest) -> RedemptionBody:
        await runtime.command(customer_id, Redeem(body.redemption_id, body.points), actor=ACTOR)
        async with runtime.transaction() as tx:
            made = await store.redemption_of(tx, customer_id, body.redemption_id)
        return RedemptionBody.model_validate(made)

    return router


async def _account(tx: Tx, customer_id: str) -> Account:
    account = await store.account_of(tx, customer_id)
    if account is None:
        raise NotFound("member_not_found", f"{customer_id} has never had points.")
    return account


def _before(cursor: str | None) -> int:
    """The number that a page's rows stay below."""
    match decode_cursor(cursor):
        case None:
            return LARGEST_INTEGER
        case (int(number),) if 0 <= number <= LARGEST_INTEGER:
            return number
    raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.")
