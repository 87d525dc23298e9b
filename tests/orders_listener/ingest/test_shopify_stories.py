"""Whole stories of an order on Shopify, folded as the service folds them, and bodies that nobody expects."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import Event
from contracts.storefront import OrderPaid
from orders_listener.ingest.shopify import heard
from orders_listener.ingest.shopify.topics import HEARD
from orders_listener.timelines import OrderStatus
from tests.orders_listener.ingest.bodies import any_body
from tests.orders_listener.ingest.shopify_shop import (
    CUSTOMER_ID,
    MUG,
    ORDER_ID,
    SHIRT,
    consent,
    customer,
    fulfillment,
    item,
    order,
    refund,
    refund_line,
    returning,
    scan,
    transaction,
)
from tests.orders_listener.ingest.telling import events_of, hook, survives, told
from tests.orders_listener.shop import ADA, Told

BUYER = customer(id=ADA)
"""Called as the tests of the fold call the customer."""
STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("orders/create", order(customer=BUYER, financial_status="paid")),
    ("orders/paid", order(customer=BUYER, financial_status="paid", updated_at="2026-03-02T10:00:06+01:00")),
    ("orders/updated", order(customer=BUYER, financial_status="paid", updated_at="2026-03-02T10:00:07+01:00")),
    ("fulfillments/create", fulfillment()),
    ("orders/fulfilled", order(customer=BUYER, financial_status="paid", fulfillments=[fulfillment()])),
    ("fulfillment_events/create", scan("label_printed", "2026-03-03T09:00:00+01:00")),
    ("fulfillment_events/create", scan("in_transit", "2026-03-03T18:00:00+01:00")),
    ("fulfillment_events/create", scan("out_for_delivery", "2026-03-04T08:00:00+01:00")),
    ("fulfillment_events/create", scan("delivered", "2026-03-04T14:00:00+01:00")),
    ("fulfillments/update", fulfillment(shipment_status="delivered", updated_at="2026-03-04T14:00:09+01:00")),
    ("refunds/create", refund(refund_line())),
)
LIFE = ["OrderConfirmed", "OrderShipped", "OrderDelivered", "OrderRefunded"]


def moment_of(body: dict[str, Any]) -> datetime:
    """When Shopify sends it: a moment after it happened."""
    times = (body.get(name) for name in ("happened_at", "updated_at", "processed_at", "created_at"))
    return datetime.fromisoformat(next(filter(None, times))) + timedelta(seconds=1)


def events(*story: tuple[str, dict[str, Any]], late: datetime | None = None) -> list[Event[Any]]:
    return [
        event
        for number, (topic, body) in enumerate(story)
        for event in events_of(heard, hook(topic, body, key=f"event-{number}", at=late or moment_of(body)))
    ]


def folded(*story: tuple[str, dict[str, Any]], late: datetime | None = None) -> Told:
    """Each hook when it is sent; all of them in this order at `late`, when nobody had answered before."""
    return told(*events(*story, late=late))


def open_troubles(after: Told) -> list[str]:
    return [
        issue.kind
        for timeline in after.account.timelines.values()
        for issue in timeline.issues.values()
        if issue.is_open
    ]


def test_an_order_is_placed_paid_shipped_delivered_and_refunded() -> None:
    after = folded(*STORY)
    timeline = after.account.timelines[str(ORDER_ID)]
    assert timeline.standing.status is OrderStatus.delivered
    assert sorted(after.names) == sorted(LIFE)
    assert after.troubles == []
    assert after.account.timelines.keys() == {str(ORDER_ID)}


def test_the_same_hooks_again_say_nothing() -> None:
    assert folded(*STORY, *STORY).names == folded(*STORY).names
    assert [entry.key for entry in folded(*STORY, *STORY).account.timelines[str(ORDER_ID)].entries] == [
        entry.key for entry in folded(*STORY).account.timelines[str(ORDER_ID)].entries
    ]


@pytest.mark.parametrize("first", range(len(STORY)))
def test_the_story_may_begin_anywhere(first: int) -> None:
    """Shopify does not keep the order of its hooks, and comes again for four hours."""
    late = (*STORY[first:], *STORY[:first])
    after = folded(*late, late=datetime(2026, 3, 13, tzinfo=UTC))
    assert after.account.timelines[str(ORDER_ID)].standing == folded(*STORY).account.timelines[str(ORDER_ID)].standing
    assert sorted(after.names) == sorted(LIFE)
    assert open_troubles(after) == []


def test_created_updated_and_paid_are_one_purchase_in_any_sequence() -> None:
    for sequence in permutations(STORY[:3]):
        after = folded(*sequence, late=datetime(2026, 3, 2, 10, tzinfo=UTC))
        [purchase] = [timeline.counted for timeline in after.account.timelines.values()]
        assert purchase is not None
        assert (purchase.total_minor, after.names) == (2_500, ["OrderConfirmed"])
        entries = after.account.timelines[str(ORDER_ID)].entries
        assert sum(isinstance(entry.fact, OrderPaid) for entry in entries) == 1


def test_a_card_refused_before_the_order_stood_troubles_nobody() -> None:
    refused = transaction(kind="sale", status="failure", created_at="2026-03-02T09:59:30+01:00")
    attempt = ("order_transactions/create", refused)
    assert folded(attempt, STORY[0]).troubles == []
    assert folded(STORY[0], attempt, late=datetime(2026, 3, 2, 10, tzinfo=UTC)).troubles == []


def test_a_payment_that_fails_later_is_told_and_healed_by_the_money() -> None:
    unpaid = ("orders/create", order(customer=BUYER))
    failed = ("order_transactions/create", transaction(kind="sale", status="error", created_at="2026-03-03T10:00:00Z"))
    paid = ("orders/paid", order(customer=BUYER, financial_status="paid", updated_at="2026-03-03T11:00:00Z"))
    assert folded(unpaid, failed).troubles == ["opened payment_failed"]
    assert folded(unpaid, failed, paid).troubles == ["opened payment_failed", "paid payment_failed"]


def test_an_edit_moves_the_order_and_what_it_costs() -> None:
    edited = order(item(), item(MUG, "9.00"), total="34.00", customer=BUYER, updated_at="2026-03-02T15:00:00+01:00")
    for sequence in permutations([STORY[0], ("orders/updated", edited)]):
        after = folded(*sequence, STORY[1], *STORY[3:9], late=datetime(2026, 3, 5, tzinfo=UTC))
        timeline = after.account.timelines[str(ORDER_ID)]
        assert timeline.counted is not None
        assert timeline.counted.total_minor == 3_400
        assert timeline.standing.status is OrderStatus.shipped  # the mug was in no parcel


def test_an_order_cancelled_and_paid_back_is_owed_nothing() -> None:
    at = "2026-03-03T10:00:00+01:00"
    back = refund(refund_line(restock_type="cancel"), paid=[transaction("25.00")], processed_at=at, created_at=at)
    body = order(
        customer=BUYER, financial_status="refunded", cancelled_at=at, cancel_reason="customer", refunds=[back],
        updated_at="2026-03-03T10:00:01+01:00",
    )  # fmt: skip
    after = folded(STORY[0], ("orders/cancelled", body), ("refunds/create", back))
    assert sorted(after.names) == ["OrderCancelled", "OrderConfirmed", "OrderRefunded"]
    assert open_troubles(after) == []


BODIES: dict[str, dict[str, Any]] = {
    "orders": order(
        item(discount_allocations=[{"amount": "1.00", "amount_set": None}]), item(MUG), fulfillments=[fulfillment()],
        refunds=[refund(refund_line())], discount_codes=[{"code": "HI"}], financial_status="paid",
        note_attributes=[{"name": "Delivery-Date", "value": "2026-03-03"}],
    ),
    "order_transactions": transaction(kind="sale", status="failure"),
    "fulfillments": fulfillment(),
    "fulfillment_events": scan("in_transit", "2026-03-03T18:00:00+01:00"),
    "refunds": refund(refund_line(), paid=[transaction(), transaction("3", currency="JPY")]),
    "returns": returning(),
    "customers": customer(
        email_marketing_consent=consent("subscribed"), orders_to_redact=[1, 2], customer={"id": CUSTOMER_ID},
        data_request={"id": SHIRT}, orders_requested=[1],
    ),
    "customers_email_marketing_consent": {"customer_id": 1, "email_marketing_consent": consent("subscribed")},
    "customers_marketing_consent": {"id": 1, "sms_marketing_consent": consent("unsubscribed")},
}  # fmt: skip


@st.composite
def any_hook(draw: st.DrawFn) -> tuple[str, Any]:
    """A topic, with a body of its own or of another topic, some of it replaced by anything."""
    topic = draw(st.sampled_from([*HEARD, "orders/edited", "shop/redact", "products/update"]))
    kind = topic.partition("/")[0]
    body = BODIES.get(kind) if draw(st.booleans()) else BODIES[draw(st.sampled_from(list(BODIES)))]
    return topic, draw(any_body(body or {"id": 1}))


@given(any_hook())
def test_no_body_breaks_it(one: tuple[str, Any]) -> None:
    topic, body = one
    survives(heard, hook(topic, body))


@given(st.sampled_from(list(HEARD)), st.binary(max_size=60))
def test_no_bytes_break_it(topic: str, body: bytes) -> None:
    survives(heard, hook(topic, body))


@given(st.sampled_from(list(BODIES)), st.data())
def test_nulls_everywhere_break_nothing(kind: str, data: st.DataObject) -> None:
    body = BODIES[kind]
    gone = data.draw(st.sets(st.sampled_from(list(body))))
    for topic in (name for name in HEARD if name.startswith(f"{kind}/")):
        survives(heard, hook(topic, {name: None if name in gone else value for name, value in body.items()}))
