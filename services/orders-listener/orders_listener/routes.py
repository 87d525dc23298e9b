"""HTTP in: orders, their timelines and issues; what a customer decides about a delay."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Header, Query

from chassis.access import READ, WRITE, needs
from chassis.errors import Conflict, NotFound, Rejected
from chassis.openapi import answer, refusal
from chassis.pagination import Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.service import Tx
from contracts.ids import derived_id
from orders_listener import declared, examples, learning, store
from orders_listener.accounts import AcceptDelay, Patron, RequestCancellation
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.rules import RULE_OF
from orders_listener.schemas.customers import CustomerBody
from orders_listener.schemas.issues import IssueBody, WhyNotBody
from orders_listener.schemas.orders import OrderBody, OrderDetailBody, TimelineBody
from orders_listener.schemas.policies import PolicyBody, PolicyTrialBody
from orders_listener.schemas.queries import (
    CancellationRequest,
    CustomerId,
    DelayAcceptanceRequest,
    IssuesQuery,
    IssueState,
    OrderId,
    OrdersQuery,
    PolicyTrialRequest,
    WhyNotQuery,
)
from orders_listener.timelines import Timeline
from orders_listener.trials import Comparison, Trial
from orders_listener.why_not import explained, looks_of

MOST_OPEN_ISSUES = 50
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=255, description="The same key again changes nothing"),
]


PORTION, MOST_TRIED = 200, 20_000
"""Orders that a trial reads at once, and at most in one request."""
BAD_POLICY = refusal(422, "bad_policy", "there is no retrun_window")
TOO_MANY_ORDERS = refusal(409, "too_many_orders", f"These are more than {MOST_TRIED} orders; try fewer days.")
UNTIL_PASSED = refusal(422, "until_passed", "The customer can only agree to a date that is still to come.")
NO_DELAY = refusal(409, "no_delay", "No delay of order o-17 is open.")
ORDER_OVER = refusal(409, "order_over", "Order o-17 is delivered, cancelled or refunded.")


def routes(runtime: Runtime, policy: Policy) -> APIRouter:
    """Everything about orders."""
    router = APIRouter(prefix="/v1", tags=["orders"])

    @router.get("/orders", summary="Orders, the latest first", responses=answer(examples.ORDERS))
    @needs(READ)
    async def orders(query: Annotated[OrdersQuery, Query()]) -> Page[OrderBody]:
        async with runtime.transaction() as tx:
            found = await store.timelines_of(tx, query.customer_id, before=place_of(query.cursor), most=query.limit)
        last = found[-1] if len(found) == query.limit else None
        return Page(
            data=[OrderBody.of(timeline) for timeline in found],
            next_cursor=cursor_of(last.began_at, last.order_id) if last else None,
        )

    @router.get("/orders/{order_id}", summary="Where does this order stand?", responses=answer(examples.ORDER_IN_FULL))
    @needs(READ)
    async def order(order_id: OrderId) -> OrderDetailBody:
        async with runtime.transaction() as tx:
            return _in_full(await _timeline(tx, order_id), policy)

    @router.get(
        "/orders/{order_id}/timeline",
        summary="Everything that happened, in the order in which it happened",
        responses=answer(examples.TIMELINE),
    )
    @needs(READ)
    async def timeline(order_id: OrderId) -> TimelineBody:
        async with runtime.transaction() as tx:
            return TimelineBody.of(await _timeline(tx, order_id))

    @router.get(
        "/orders/{order_id}/why-not",
        summary="Why is there no such issue?",
        responses=answer(examples.WHY_NOT),
    )
    @needs(READ)
    async def why_not(order_id: OrderId, query: Annotated[WhyNotQuery, Query()]) -> WhyNotBody:
        rule = RULE_OF[query.kind]
        async with runtime.transaction() as tx:
            known = await _timeline(tx, order_id)
            patron = await store.patron_of(tx, known.customer_id)
            mornings = await learning.mornings_at(tx, looks_of(known, rule))
            now = await runtime.now(known.customer_id)
            book = await declared.book_at(tx, [known.learned_by(now)])
        explanation = explained(
            known, rule, at=now, policy=policy, erased_at=patron.erased_at, mornings=mornings, declared=book
        )
        return WhyNotBody.model_validate(explanation)

    @router.get("/issues", summary="What went wrong, the latest first", responses=answer(examples.ISSUES))
    @needs(READ)
    async def issues(query: Annotated[IssuesQuery, Query()]) -> Page[IssueBody]:
        opened = (query.opened_from, query.opened_until)
        async with runtime.transaction() as tx:
            found = await store.issues_where(
                tx, query.columns(), before=place_of(query.cursor), most=query.limit, opened=opened
            )
        last = found[-1] if len(found) == query.limit else None
        return Page(
            data=[IssueBody.model_validate(issue) for issue in found],
            next_cursor=cursor_of(last.opened_at, last.issue_id) if last else None,
        )

    @router.get(
        "/customers/{customer_id}",
        summary="A customer's orders in numbers, and where they stand with the shop",
        responses=answer(examples.CUSTOMER),
    )
    @needs(READ)
    async def customer(customer_id: CustomerId) -> CustomerBody:
        async with runtime.transaction() as tx:
            numbers = await store.numbers_of(tx, customer_id)
            patron = await store.patron_of(tx, customer_id)
            open_issues = await store.issues_where(
                tx, {"customer_id": customer_id, "state": IssueState.open}, before=None, most=MOST_OPEN_ISSUES
            )
        if not numbers["orders"] and patron == Patron(customer_id=customer_id):
            raise NotFound("unknown_customer", f"Nothing is known of {customer_id}.")
        now = await runtime.now(customer_id)
        return CustomerBody.of(patron, numbers, open_issues, now.astimezone(ZoneInfo(policy.shop_zone)).date())

    @router.post(
        "/orders/{order_id}/delay-acceptance",
        summary="The customer will wait",
        responses=answer(examples.ORDER_IN_FULL) | NO_DELAY | UNTIL_PASSED,
    )
    @needs(WRITE)
    async def accept_delay(
        order_id: OrderId,
        body: Annotated[DelayAcceptanceRequest, Body(default_factory=DelayAcceptanceRequest)],
        key: Key = None,
    ) -> OrderDetailBody:
        wish = AcceptDelay(order_id=order_id, until=body.until)
        return await _decide(runtime, policy, wish, actor=body.actor, key=key)

    @router.post(
        "/orders/{order_id}/cancellation-request",
        summary="The customer wants the money back instead",
        responses=answer(examples.ORDER_IN_FULL) | ORDER_OVER,
    )
    @needs(WRITE)
    async def request_cancellation(
        order_id: OrderId,
        body: Annotated[CancellationRequest, Body(default_factory=CancellationRequest)],
        key: Key = None,
    ) -> OrderDetailBody:
        wish = RequestCancellation(order_id=order_id, reason=body.reason)
        return await _decide(runtime, policy, wish, actor=body.actor, key=key)

    return router


def policy_routes(runtime: Runtime, policy: Policy) -> APIRouter:
    """The policy, and what another one would have done."""
    router = APIRouter(prefix="/v1", tags=["policy"])

    @router.get(
        "/policy", summary="The numbers that rules are given, as they are in force", responses=answer(examples.POLICY)
    )
    @needs(READ)
    async def running_policy() -> PolicyBody:
        return PolicyBody.of(policy)

    @router.post(
        "/policy/trials",
        summary="What another policy would have done with the recorded past",
        responses=answer(examples.POLICY_TRIAL) | BAD_POLICY | TOO_MANY_ORDERS,
    )
    @needs(READ)
    async def try_policy(body: PolicyTrialRequest) -> PolicyTrialBody:
        try:
            tried = policy.changed(body.policy)
        except ValueError as error:
            raise Rejected("bad_policy", str(error)) from error
        return PolicyTrialBody.model_validate(await _tried(runtime, policy, tried, timedelta(days=body.days)))

    return router


async def _tried(runtime: Runtime, running: Policy, tried: Policy, window: timedelta) -> Trial:
    """Read only, and beside the loop: others are served meanwhile."""
    until = await runtime.now()
    async with runtime.transaction() as tx:
        mornings = await learning.mornings_between(tx, until - window, until)
        comparison = Comparison(running, tried, since=until - window, until=until, mornings=mornings)
        async for portion in store.pasts(tx, comparison.since, portion=PORTION):
            await asyncio.to_thread(comparison.take, portion)
            if comparison.orders > MOST_TRIED:
                raise Conflict("too_many_orders", f"These are more than {MOST_TRIED} orders; try fewer days.")
    return comparison.result()


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


def cursor_of(at: Any, name: str) -> str:
    """Where a page ends: the moment a list is ordered by, and the id."""
    return encode_cursor(at.astimezone(UTC).isoformat(), name)


def place_of(cursor: str | None) -> tuple[datetime, str] | None:
    """Where the page before ended. Raises Rejected (bad_cursor)."""
    try:
        match decode_cursor(cursor):
            case None:
                return None
            case (str(at), str(name)) if "\x00" not in name and datetime.fromisoformat(at).tzinfo:
                return datetime.fromisoformat(at), name
    except ValueError:
        pass
    raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.")
