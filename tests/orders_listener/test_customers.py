"""What a customer's purchases add up to: stages, milestones, and that no order of arrival changes the sums."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from contracts import Event, Fact
from contracts.orders import Milestone, MilestoneReached, Segment, SegmentChanged
from contracts.storefront import OrderRefunded
from orders_listener import customers, milestones, stages
from orders_listener.customers import Relationship
from orders_listener.policy import DEFAULT, Policy
from orders_listener.purchases import Value
from tests.orders_listener.shop import ADA, Told, cancelled, day, erased, in_this_order, placed, said, tell

YEARS = timedelta(days=800)


def bought(number: float, order_id: str | None = None, total_minor: int = 2_000, **more: Any) -> Fact:
    """An order that is paid later, placed so many days after the start; no promise, so nothing goes wrong."""
    name = order_id or f"o-{number}"
    return placed(
        order_id=name, placed_at=day(number), promised_by=None, pay_later=True, total_minor=total_minor, **more
    )


def of_order(fact: Any, order_id: str) -> Any:
    return replace(fact, order_id=order_id)


def relationship(told: Told) -> Relationship:
    return told.account.patron.relationship


def segments(told: Told) -> list[tuple[str, str | None]]:
    return [(fact.segment, fact.previous) for fact in told.all(SegmentChanged)]


def reached(told: Told) -> list[tuple[str, int]]:
    return [(fact.milestone, fact.number) for fact in told.all(MilestoneReached)]


# --- what counts ---


def test_what_is_bought_on_one_day_counts_once() -> None:
    told = tell(bought(0, "a"), bought(0.2, "b"), bought(3, "c"))
    purchases = relationship(told).purchases
    assert (purchases.frequency, purchases.orders) == (2, 3)


def test_the_day_is_the_shops() -> None:
    late_evening = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    told = tell(placed(placed_at=late_evening, promised_by=None, pay_later=True))
    assert relationship(told).purchases.days == [date(2026, 3, 3)]
    told = tell(placed(placed_at=late_evening, promised_by=None, pay_later=True), policy=Policy(shop_zone="UTC"))
    assert relationship(told).purchases.days == [date(2026, 3, 2)]


def test_value_is_what_was_confirmed_less_what_was_refunded_in_each_currency() -> None:
    refund = OrderRefunded(customer_id=ADA, order_id="a", refund_id="r", occurred_at=day(2), amount_minor=300)
    told = tell(bought(0, "a"), bought(1, "b", 500, currency="USD"), refund)
    assert relationship(told).purchases.value == {
        "EUR": Value(confirmed_minor=2_000, refunded_minor=300),
        "USD": Value(confirmed_minor=500),
    }


def test_only_confirmed_orders_count() -> None:
    assert relationship(tell(placed(promised_by=None))) == Relationship()


def test_a_cancelled_order_is_no_purchase_any_more() -> None:
    told = tell(bought(0, "a"), bought(5, "b"), of_order(cancelled(day(6)), "b"))
    assert relationship(told).purchases.days == [day(0).date()]
    assert relationship(told).purchases.value == {"EUR": Value(confirmed_minor=2_000)}


def test_the_sums_do_not_depend_on_the_order_in_which_facts_come() -> None:
    refund = OrderRefunded(customer_id=ADA, order_id="a", refund_id="r", occurred_at=day(2), amount_minor=300)
    facts = [bought(0, "a"), refund, bought(40, "b"), bought(90, "c"), of_order(cancelled(day(41)), "b")]
    heard = day(95)
    sums, stage = set(), set()
    for order in permutations(facts):
        told = in_this_order([said(fact, heard, number=n) for n, fact in enumerate(order)])
        sums.add(str((relationship(told).purchases.days, sorted(relationship(told).purchases.value.items()))))
        stage.add(relationship(told).stage)
    assert (len(sums), stage) == (1, {Segment.active})


def test_what_is_said_again_counts_once() -> None:
    once = tell(bought(0, "a"), bought(3, "b"))
    again = tell(bought(0, "a"), bought(3, "b"), said(bought(0, "a"), day(5), 1), said(bought(3, "b"), day(5), 2))
    assert relationship(again) == relationship(once)
    assert again.facts == once.facts


# --- stages ---


def dates(*numbers: int) -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=number) for number in numbers]


@pytest.mark.parametrize(
    ("bought_on", "today", "stage"),
    [
        ((), 0, None),
        ((0,), 0, Segment.new),
        ((0,), 89, Segment.new),
        ((0,), 90, Segment.at_risk),
        ((0,), 179, Segment.at_risk),
        ((0,), 180, Segment.lapsed),
        ((0, 30), 30, Segment.active),
        ((0, 30), 30 + 44, Segment.active),
        ((0, 30), 30 + 45, Segment.at_risk),
        ((0, 30), 30 + 90, Segment.lapsed),
        ((0, 1), 1 + 20, Segment.active),  # an own gap of a day is no reason to worry after two
        ((0, 1), 1 + 21, Segment.at_risk),
        ((0, 180), 180, Segment.returned),
        ((0, 179), 179, Segment.active),
        ((0, 10, 20, 300), 300, Segment.returned),
        ((0, 10, 20, 300, 310), 310, Segment.active),
        ((0, 700), 700 + 269, Segment.returned),  # a gap of two years is no licence for silence
        ((0, 700), 700 + 270, Segment.at_risk),
    ],
)
def test_stages_follow_from_days_and_silence(bought_on: tuple[int, ...], today: int, stage: Segment | None) -> None:
    assert stages.stage_on(dates(today)[0], dates(*bought_on), DEFAULT) is stage


def test_the_next_change_is_the_first_day_on_which_the_stage_is_another() -> None:
    for bought_on in ((0,), (0, 30), (0, 1), (0, 10, 20, 300), (0, 700)):
        days = dates(*bought_on)
        today, seen = days[-1], []
        while (change := stages.next_change(today, days, DEFAULT)) is not None:
            before, now = change - timedelta(days=1), change
            assert stages.stage_on(before, days, DEFAULT) is not stages.stage_on(now, days, DEFAULT)
            seen.append(stages.stage_on(now, days, DEFAULT))
            today = change
        assert seen == [Segment.at_risk, Segment.lapsed]


def test_silence_moves_a_customer_on_at_midnight_of_the_shop() -> None:
    told = tell(bought(0), until=day(200))
    assert segments(told) == [("new", None), ("at_risk", "new"), ("lapsed", "at_risk")]
    moved_at = [fact.occurred_at for fact in told.all(SegmentChanged)]
    assert moved_at[1:] == [datetime(2026, 5, 30, 22, tzinfo=UTC), datetime(2026, 8, 28, 22, tzinfo=UTC)]


def test_who_buys_after_having_lapsed_has_returned_and_then_is_active() -> None:
    told = tell(bought(0), bought(200), bought(210), until=day(211))
    assert [segment for segment, _ in segments(told)] == ["new", "at_risk", "lapsed", "returned", "active"]


def test_every_change_of_stage_is_explained() -> None:
    told = tell(bought(0), bought(30), until=day(80))
    reasons = [(one.outcome, one.reason) for one in told.about_customer if one.rule == "segment"]
    assert reasons == [("new", "first_purchase"), ("active", "bought_again"), ("at_risk", "silent")]
    [last] = [one.detail for one in told.about_customer if one.outcome == "at_risk"]
    assert last == {"bought_last": "2026-04-01", "purchases": 2, "expected_gap_days": 30}


def test_who_has_no_purchase_left_stands_nowhere_and_is_not_waited_for() -> None:
    told = tell(bought(0, "a"), of_order(cancelled(day(1)), "a"), until=day(0) + YEARS)
    assert (relationship(told).stage, relationship(told).review_at) == (None, None)
    assert segments(told) == [("new", None)]


# --- milestones ---


@pytest.mark.parametrize(
    ("first", "years", "expected"),
    [
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2023, 5, 31), 2, date(2025, 5, 31)),
    ],
)
def test_the_anniversary_of_a_leap_day_stays_in_february(first: date, years: int, expected: date) -> None:
    assert milestones.anniversary(first, years) == expected
    assert milestones.next_anniversary(first, expected - timedelta(days=1)) == expected
    assert milestones.next_anniversary(first, expected) == milestones.anniversary(first, years + 1)
    here = milestones.by_day(first, expected)
    assert here is not None
    assert here.number == years


def test_the_first_order_its_anniversaries_and_the_fifth_are_milestones() -> None:
    told = tell(*(bought(30 * number) for number in range(6)), until=day(0) + YEARS)
    assert reached(told) == [("first_order", 1), ("nth_order", 5), ("anniversary", 1), ("anniversary", 2)]
    first, fifth, anniversary, _ = told.all(MilestoneReached)
    assert (first.order_id, fifth.order_id, anniversary.order_id) == ("o-0", "o-120", None)
    assert anniversary.occurred_at == datetime(2027, 3, 1, 23, tzinfo=UTC)


def test_a_milestone_is_reached_once_even_if_what_reached_it_is_cancelled() -> None:
    told = tell(bought(0, "a"), of_order(cancelled(day(1)), "a"), bought(2, "b"), bought(3, "c"))
    assert reached(told) == [("first_order", 1)]
    five = [bought(number, f"o{number}") for number in range(5)]
    told = tell(*five, of_order(cancelled(day(5)), "o4"), bought(6, "again"))
    assert reached(told) == [("first_order", 1), ("nth_order", 5)]


def test_what_was_reached_long_ago_is_remembered_and_not_said() -> None:
    told = tell(said(bought(0), day(40)))
    assert reached(told) == []
    assert list(relationship(told).milestones) == ["first_order 1"]
    assert ("not_said", "long_ago") in [(one.outcome, one.reason) for one in told.about_customer]


def test_an_earlier_order_that_comes_late_moves_the_anniversary_but_is_no_second_first_order() -> None:
    told = tell(bought(20, "a"), said(bought(0, "b"), day(25)), until=day(0) + timedelta(days=370))
    assert reached(told) == [("first_order", 1), ("anniversary", 1)]
    assert told.all(MilestoneReached)[-1].occurred_at == datetime(2027, 3, 1, 23, tzinfo=UTC)


def test_an_anniversary_that_is_overdue_is_not_passed_over() -> None:
    """With the real clock a purchase may be folded before a deadline of the same day."""
    waiting = relationship(tell(bought(0, "a"), bought(300, "b"), until=day(350)))
    due = waiting.review_at
    assert due == datetime(2027, 3, 1, 23, tzinfo=UTC)
    counted = tell(bought(365.5, "c")).account.timelines["c"].counted
    known, _ = customers.on_purchase(
        waiting, ADA, "c", counted=(None, counted), at=day(365.5), policy=DEFAULT, erased=False
    )
    assert known.review_at == due
    known, outcome = customers.on_review(known, ADA, due, DEFAULT)
    assert [fact.milestone for fact in outcome.facts if isinstance(fact, MilestoneReached)] == [Milestone.anniversary]
    assert known.review_at is not None
    assert known.review_at > day(365.5)


# --- erasure ---


def test_who_was_erased_gets_no_stage_and_no_milestone_any_more() -> None:
    told = tell(bought(0, "a"), erased(day(1)), bought(2, "b"), until=day(0) + YEARS)
    assert (reached(told), segments(told)) == ([("first_order", 1)], [("new", None)])
    assert (relationship(told).stage, told.review_at) == (None, None)
    assert relationship(told).purchases.frequency == 2


def test_the_watch_has_one_deadline_per_customer() -> None:
    events: list[Event[Any]] = [said(bought(number)) for number in (0, 10, 20)]
    told = in_this_order(events)
    assert told.review_at == relationship(told).review_at == datetime(2026, 4, 11, 22, tzinfo=UTC)
