"""HTTP for the shop's own people and programs. The customers' page is in `pages`."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Path, Query

from chassis.access import READ, WRITE, needs
from chassis.errors import NotFound, Rejected
from chassis.operations import Cursor, Limit
from chassis.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.web import Transaction
from contracts.vocabulary import Identifier, Timestamp
from feedback import store
from feedback.cases import Resolve
from feedback.customers import CaseState, InvitationState
from feedback.eligibility import decide
from feedback.policy import Policy
from feedback.schemas import (
    CaseOut,
    CaseWithWritingsOut,
    DayOut,
    EligibilityOut,
    InvitationOut,
    NpsOut,
    OrderEligibilityOut,
    ResolutionIn,
    ResponseOut,
    ScoresOut,
)
from feedback.scores import by_day

LONGEST_SPAN = timedelta(days=366)


def api(runtime: Runtime, policy: Policy) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/v1", tags=["feedback"])

    @router.get("/invitations", summary="Who was asked, waits to be asked, or was not asked, and why")
    @needs(READ)
    async def list_invitations(
        tx: Transaction,
        customer_id: str | None = None,
        state: InvitationState | None = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_SIZE,
    ) -> Page[InvitationOut]:
        after = _place(cursor)
        rows = await store.invitations(tx, customer_id=customer_id, state=state, after=after, most=limit + 1)
        shown = [InvitationOut.of(owner, invitation) for owner, invitation in rows[:limit]]
        last = shown[-1] if len(rows) > limit else None
        return Page(data=shown, next_cursor=last and _cursor(last.planned_at, last.invitation_id))

    @router.get("/responses", summary="What customers answered, in their own words")
    @needs(READ)
    async def list_responses(tx: Transaction, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Page[ResponseOut]:
        rows = await store.responses(tx, after=_place(cursor), most=limit + 1)
        shown = [ResponseOut.of(owner, response) for owner, response in rows[:limit]]
        last = shown[-1] if len(rows) > limit else None
        return Page(data=shown, next_cursor=last and _cursor(last.answered_at, last.invitation_id))

    @router.get("/cases", summary="Whom somebody takes care of")
    @needs(READ)
    async def list_cases(
        tx: Transaction, state: CaseState | None = None, cursor: Cursor = None, limit: Limit = PAGE_SIZE
    ) -> Page[CaseOut]:
        rows = await store.cases(tx, state=state, after=_place(cursor), most=limit + 1)
        shown = [CaseOut.of(owner, case) for owner, case in rows[:limit]]
        last = shown[-1] if len(rows) > limit else None
        return Page(data=shown, next_cursor=last and _cursor(last.opened_at, last.case_id))

    @router.get("/cases/{case_id}", summary="One case, and what the customer answered")
    @needs(READ)
    async def show_case(case_id: str, tx: Transaction) -> CaseWithWritingsOut:
        found = await store.case_of(tx, case_id)
        if found is None:
            raise NotFound("unknown_case", f"There is no case {case_id}.")
        return CaseWithWritingsOut.whole(*found, await store.writings_of(tx, case_id))

    @router.post("/cases/{case_id}/resolution", summary="Say how a case ended, and ask for goodwill")
    @needs(WRITE)
    async def resolve_case(case_id: str, resolution: ResolutionIn) -> CaseOut:
        case = await _case(runtime, case_id)
        command = Resolve(case_id=case_id, resolution=resolution.resolution, goodwill_points=resolution.goodwill_points)
        await runtime.command(case.customer_id, command, actor="care")
        return await _case(runtime, case_id)

    @router.get("/nps", summary="The net promoter score, per day and cohort, and who was not asked")
    @needs(READ)
    async def show_nps(
        tx: Transaction,
        first: Annotated[date, Query(alias="from", description="First day, in the shop's zone")],
        last: Annotated[date, Query(alias="to", description="Last day, included; at most a year later")],
    ) -> NpsOut:
        zone = runtime.settings.shop_zone
        since, until = _span(first, last, zone)
        slices = await store.slices(tx, since=since, until=until, zone=zone)
        days = [
            DayOut(day=day, total=scores.total, cohorts=scores.cohorts)
            for day, scores in ((day, ScoresOut.of(parts)) for day, parts in by_day(slices).items())
        ]
        whole = ScoresOut.of(slices)
        return NpsOut(total=whole.total, cohorts=whole.cohorts, days=days)

    @router.get("/customers/{customer_id}/eligibility", summary="Why is this customer (not) asked how it went?")
    @needs(READ)
    async def show_eligibility(tx: Transaction, customer_id: Annotated[str, Path(max_length=128)]) -> EligibilityOut:
        now = await runtime.now(customer_id)
        customer = (await store.customers_by_id(tx, [customer_id]))[customer_id]
        orders = [
            OrderEligibilityOut.of(
                order_id, customer.invitations.get(order_id), decide(customer, order_id, now, policy)
            )
            for order_id in sorted(customer.orders)
        ]
        return EligibilityOut(customer_id=customer_id, now=now, orders=orders)

    return router


async def _case(runtime: Runtime, case_id: str) -> CaseOut:
    async with runtime.transaction() as tx:
        found = await store.case_of(tx, case_id)
    if found is None:
        raise NotFound("unknown_case", f"There is no case {case_id}.")
    return CaseOut.of(*found)


def _span(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    if not first <= last <= first + LONGEST_SPAN:
        raise Rejected("bad_span", "`to` is a day from `from` on, at most a year later.")
    midnight = time(tzinfo=ZoneInfo(zone))
    return datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight)


def _cursor(at: datetime, identity: str) -> str:
    return encode_cursor(at.isoformat(), identity)


def _place(cursor: str | None) -> store.Place | None:
    parts = decode_cursor(cursor)
    if parts is None:
        return None
    try:
        place: store.Place = msgspec.convert(parts, _PLACE)
    except msgspec.ValidationError as error:
        raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.") from error
    return place


_PLACE = tuple[Timestamp, Identifier]
