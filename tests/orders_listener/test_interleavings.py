"""Topics arrive in any interleaving, facts again and again: the same order comes of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import Event, Fact, orders
from contracts.storefront import ShipmentCreated, ShipmentProgressed
from orders_listener.documents import from_document, to_document
from orders_listener.pictures import Picture
from orders_listener.policy import DEFAULT
from tests.orders_listener.shop import (
    PATIENT,
    Told,
    available,
    cancelled,
    changed,
    contact,
    day,
    in_this_order,
    line,
    paid,
    payment_failed,
    placed,
    promised,
    refunded,
    said,
    scan,
    shipment,
    shipped_line,
    substituted,
    unavailable,
)

ORDERED = placed(line("shirt", colour="blue"), line("hat", 2))
LATER_ON_ORDERS = [
    paid(day(0, 1)),
    payment_failed(day(0, 0.5)),
    promised(day(3), "2026-03-12"),
    unavailable(day(1), "hat"),
    available(day(2), "hat"),
    unavailable(day(3), "hat"),
    substituted(day(2), {"colour": "red"}),
    changed(day(2.5), line("shirt", colour="blue")),
    substituted(day(3), {"colour": "red"}, agreed=True),
    refunded(day(4), "r-1", hat=1),
    refunded(day(5), "r-2"),
    cancelled(day(6)),
]
ON_SHIPMENTS: list[ShipmentCreated | ShipmentProgressed] = [
    shipment(day(1), "s-1", shipped_line("shirt", 1, {"colour": "red"}), shipped_line("hat", 1)),
    scan("picked_up", day(1, 2)),
    scan("in_transit", day(2)),
    scan("attempt_failed", day(3)),
    scan("delivered", day(4)),
    shipment(day(2), "s-2"),
    scan("picked_up", day(2, 3), "s-2"),
    scan("lost", day(5), "s-2"),
    shipment(day(6), "s-3", replaces="s-2"),
    scan("delivered", day(8), "s-3"),
]
EDITS: list[Fact] = [
    changed(day(1.5), line("hat", 1)),
    changed(day(3.5), line("shirt", colour="red"), line("hat", 3)),
    changed(day(6.5), line("scarf")),
    substituted(day(5), {"colour": "red"}, line_id="scarf"),
    unavailable(day(7), "scarf"),
]
ON_CUSTOMERS = [contact(day(3), "c-1"), contact(day(5), "c-2")]


@st.composite
def topics(draw: st.DrawFn) -> list[list[Fact]]:
    """Some of the facts on each topic, hardly in the order in which they happened; announcements in theirs.

    Patient, because a silence is what was not heard by a moment: who hears of everything days later has found it.

    An announcement that comes after a later one may show that a parcel held less than was believed. What was said
    by then stays said (see below), so what is open afterwards may depend on who spoke first.
    """
    some_orders = draw(st.lists(st.sampled_from(LATER_ON_ORDERS), unique_by=id, max_size=7))
    on_orders: list[Fact] = [ORDERED, *some_orders]
    on_shipments = announced_in_order(draw(st.lists(st.sampled_from(ON_SHIPMENTS), unique_by=id, max_size=8)))
    on_customers = draw(st.lists(st.sampled_from(ON_CUSTOMERS), unique_by=id, max_size=2))
    return [on_orders, on_shipments, list(on_customers)]


def announced_in_order(facts: Sequence[ShipmentCreated | ShipmentProgressed]) -> list[Fact]:
    """The same places, but the parcels are announced as they were packed."""
    announcements = (fact for fact in ON_SHIPMENTS if isinstance(fact, ShipmentCreated) and fact in facts)
    return [next(announcements) if isinstance(fact, ShipmentCreated) else fact for fact in facts]


@st.composite
def interleaved(draw: st.DrawFn, by_topic: Sequence[Sequence[Fact]]) -> list[Event[Any]]:
    """The topics as one sequence, each in its order, some facts repeated later."""
    rest = [list(facts) for facts in by_topic if facts]
    mixed: list[Fact] = []
    while rest:
        topic = draw(st.integers(0, len(rest) - 1))
        mixed.append(rest[topic].pop(0))
        rest = [facts for facts in rest if facts]
    for fact in draw(st.lists(st.sampled_from(mixed), max_size=4)):
        first = next(place for place, known in enumerate(mixed) if known is fact)
        mixed.insert(draw(st.integers(first + 1, len(mixed))), fact)
    return [said(fact, day(10), number=number) for number, fact in enumerate(mixed)]


def essence(told: Told) -> tuple[object, ...]:
    """What must not depend on the order of arrival: the history, what is known by it, what was published of it."""
    timeline = told.timeline
    published = sorted(told.names)
    still_open = sorted((issue.kind, issue.subject) for issue in timeline.issues.values() if issue.is_open)
    history = [(entry.key, entry.occurred_at) for entry in timeline.entries]
    return history, timeline.standing, published, still_open, timeline.deadlines, told.account.patron


@settings(max_examples=300, deadline=None)
@given(data=st.data(), by_topic=topics())
def test_topics_may_arrive_in_any_interleaving_and_any_fact_again(
    data: st.DataObject, by_topic: list[list[Fact]]
) -> None:
    one = in_this_order(data.draw(interleaved(by_topic)), policy=PATIENT)
    other = in_this_order(data.draw(interleaved(by_topic)), policy=PATIENT)
    assert essence(one) == essence(other)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), by_topic=topics())
def test_nothing_is_said_twice(data: st.DataObject, by_topic: list[list[Fact]]) -> None:
    told = in_this_order(data.draw(interleaved(by_topic)), until=day(60))
    openings = [issue.issue_id for issue in told.all(orders.IssueOpened)]
    endings = [issue.issue_id for issue in told.all(orders.IssueResolved)]
    assert len(openings) == len(set(openings))
    assert len(endings) == len(set(endings))
    assert set(endings) <= set(openings)
    refunds = [refund.refund_id for refund in told.all(orders.OrderRefunded)]
    assert len(refunds) == len(set(refunds))
    once = [name for name in told.names if name != "OrderRefunded"]
    assert len(once) == len(set(once))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), by_topic=topics())
def test_an_account_that_was_stored_between_any_two_facts_goes_on_the_same(
    data: st.DataObject, by_topic: list[list[Fact]]
) -> None:
    events = data.draw(interleaved(by_topic))
    whole = in_this_order(events)
    split = data.draw(st.integers(1, len(events)))
    first = in_this_order(events[:split])
    account = first.account
    for timeline in account.timelines.values():
        assert from_document(to_document(timeline)) == timeline
        account = account.with_timeline(from_document(to_document(timeline)))
    rest = in_this_order(events[split:], account=account)
    assert rest.account == whole.account
    assert [*first.facts, *rest.facts] == whole.facts


@settings(max_examples=100, deadline=None)
@given(data=st.data(), by_topic=topics())
def test_when_everything_is_over_no_deadline_and_no_delay_is_left(
    data: st.DataObject, by_topic: list[list[Fact]]
) -> None:
    told = in_this_order(data.draw(interleaved(by_topic)), until=day(90))
    picture = Picture(told.timeline.entries, shop_zone=DEFAULT.shop_zone)
    assert told.timeline.deadlines == {}
    delays = [issue for issue in told.timeline.issues.values() if issue.is_open and issue.kind.startswith("delivery")]
    assert not (picture.over and delays)
    assert day(10) + timedelta(days=90) > (told.timeline.reached_at or day(0))


@settings(max_examples=300, deadline=None)
@given(facts=st.lists(st.sampled_from([ORDERED, *LATER_ON_ORDERS, *EDITS, *ON_SHIPMENTS, *ON_CUSTOMERS]), max_size=20))
def test_no_sequence_of_facts_holds_a_customer_up(facts: list[Fact]) -> None:
    told = in_this_order([said(fact, day(10), number=number) for number, fact in enumerate(facts)], until=day(60))
    assert not told.folded.refused


def test_what_was_said_stays_said_when_a_parcel_held_less_than_was_believed() -> None:
    arrivals = [ORDERED, paid(), shipment(day(2), "s-2"), scan("delivered", day(4), "s-2")]
    believed = in_this_order([said(fact) for fact in arrivals])
    assert believed.names == ["OrderConfirmed", "OrderShipped", "OrderDelivered"]
    late_word = said(shipment(day(1), "s-1", shipped_line("hat", 2)), day(5))
    corrected = in_this_order([late_word, said(scan("delivered", day(6)))], account=believed.account)
    assert corrected.facts == []
    assert corrected.timeline.standing.delivered_at == day(6)
