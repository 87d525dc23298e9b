"""HTTP in: orders, their timelines and issues; what a customer decides about a delay."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header

from chassis.errors import NotFound, Rejected
from chassis.operations import Cursor, Limit
from chassis.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.service import Tx
from contracts.ids import derived_id
from contracts.vocabulary import IssueKind
from orders_listener import store
from orders_listener.accounts import AcceptDelay, RequestCancellation
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.schemas import (
    CancellationRequest,
    CustomerBody,
    CustomerId,
    DelayAcceptanceRequest,
    IssueBody,
    OfCustomer,
    OfOrder,
    OrderBody,
    OrderDetailBody,
    OrderId,
    TimelineBody,
)
from orders_listener.timelines import Timeline

MOST_OPEN_ISSUES = 50
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=255, description="The same key again changes nothing"),
]


class IssueState(StrEnum):
    """Whether an issue lasts."""

    open = "open"
    resolved = "resolved"


def routes(runtime: Runtime, policy: Policy) -> APIRouter:
    """Everything about orders."""
    router = APIRouter(prefix="/v1", tags=["orders"])

    @router.get("/orders", summary="Orders, the latest first")
    async def orders(
        customer_id: OfCustomer = None, limit: Limit = PAGE_SIZE, cursor: Cursor = None
    ) -> Page[OrderBody]:
        async with runtime.transaction() as tx:
            found = await store.timelines_of(tx, customer_id, before=_place(cursor), most=limit)
        last = found[-1] if len(found) == limit else None
        return Page(
            data=[OrderBody.of(timeline) for timeline in found],
            next_cursor=_cursor(last.began_at, last.order_id) if last else None,
        )

    @router.get("/orders/{order_id}", summary="Where does this order stand?")
    async def order(order_id: OrderId) -> OrderDetailBody:
        async with runtime.transaction() as tx:
            return _in_full(await _timeline(tx, order_id), policy)

    @router.get("/orders/{order_id}/timeline", summary="Everything that happened, in the order in which it happened")
    async def timeline(order_id: OrderId) -> TimelineBody:
        async with runtime.transaction() as tx:
            return TimelineBody.of(await _timeline(tx, order_id))

    @router.get("/issues", summary="What went wrong, the latest first")
    async def issues(
        state: IssueState | None = None,
        kind: IssueKind | None = None,
        order_id: OfOrder = None,
        limit: Limit = PAGE_SIZE,
        cursor: Cursor = None,
    ) -> Page[IssueBody]:
        async with runtime.transaction() as tx:
            found = await store.issues_where(
                tx, {"state": state, "kind": kind, "order_id": order_id}, before=_place(cursor), most=limit
            )
        last = found[-1] if len(found) == limit else None
        return Page(
            data=[IssueBody.model_validate(issue) for issue in found],
            next_cursor=_cursor(last.opened_at, last.issue_id) if last else None,
        )

    @router.get("/customers/{customer_id}", summary="A customer's orders in numbers")
    async def customer(customer_id: CustomerId) -> CustomerBody:
        async with runtime.transaction() as tx:
            numbers = await store.numbers_of(tx, customer_id)
            patron = await store.patron_of(tx, customer_id)
            open_issues = await store.issues_where(
                tx, {"customer_id": customer_id, "state": IssueState.open}, before=None, most=MOST_OPEN_ISSUES
            )
        if not numbers["orders"] and patron.first_contact is None and patron.erased_at is None:
            raise NotFound("unknown_customer", f"Nothing is known of {customer_id}.")
        return CustomerBody.of(patron, numbers, open_issues)

    @router.post("/orders/{order_id}/delay-acceptance", summary="The customer will wait")
    async def accept_delay(
        order_id: OrderId,
        body: Annotated[DelayAcceptanceRequest, Body(default_factory=DelayAcceptanceRequest)],
        key: Key = None,
    ) -> OrderDetailBody:
        wish = AcceptDelay(order_id=order_id, until=body.until)
        return await _decide(runtime, policy, wish, actor=body.actor, key=key)

    @router.post("/orders/{order_id}/cancellation-request", summary="The customer wants the money back instead")
    async def request_cancellation(
        order_id: OrderId,
        body: Annotated[CancellationRequest, Body(default_factory=CancellationRequest)],
        key: Key = None,
    ) -> OrderDetailBody:
        wish = RequestCancellation(order_id=order_id, reason=body.reason)
        return await _decide(runtime, policy, wish, actor=body.actor, key=key)

    return router


async def _decide(
    runtime: Runtime, policy: Policy, wish: AcceptDelay | RequestCancellation, *, actor: str, key: str | None
) -> OrderDetailBody:
    async with runtime.transaction() as tx:
        customer_id = (await _timeline(tx, wish.order_id)).customer_id
    command_id = derived_id("command", type(wish).__name__, wish.order_id, key) if key else None
    await runtime.command(customer_id, wish, actor=actor, command_id=command_id)
    async with runtime.transaction() as tx:
        return _in_full(await _timeline(tx, wish.order_id), policy)


async def _timeline(tx: Tx, order_id: str) -> Timeline:
    timeline = await store.timeline_of(tx, order_id)
    if timeline is None:
        raise NotFound("unknown_order", f"There is no order {order_id}.")
    return timeline


def _in_full(timeline: Timeline, policy: Policy) -> OrderDetailBody:
    return OrderDetailBody.in_full(timeline, Picture(timeline.entries, shop_zone=policy.shop_zone))


def _cursor(at: Any, name: str) -> str:
    return encode_cursor(at.astimezone(UTC).isoformat(), name)


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    """Where the page before ended."""
    try:
        match decode_cursor(cursor):
            case None:
                return None
            case (str(at), str(name)) if "\x00" not in name and datetime.fromisoformat(at).tzinfo:
                return datetime.fromisoformat(at), name
    except ValueError:
        pass
    raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.")
