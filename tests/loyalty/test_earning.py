"""What is paid earns points, and they vest when the order is completed."""

import pytest
from msgspec.structs import replace

from contracts.loyalty import PointsEarned, PointsVested
from loyalty.programme import Programme
from tests.loyalty.facts import ADA, NOON, Member, completed, confirmed, delivered, erased


@pytest.mark.parametrize(
    ("currency", "points_per_unit", "paid", "points"),
    [
        ("EUR", 1, {"a": 2_000}, 20),
        ("EUR", 1, {"a": 1_999}, 19),
        ("EUR", 1, {"a": 199, "b": 199}, 2),  # each line rounded down; together they would have been three
        ("EUR", 3, {"a": 133}, 3),
        ("EUR", 1, {"a": 99}, 0),
        ("EUR", 1, {"a": 0}, 0),
        ("EUR", 1, {}, 0),
        ("EUR", 0, {"a": 2_000}, 0),
        ("JPY", 1, {"a": 1_980}, 1_980),
        ("KWD", 10, {"a": 1_980}, 19),
    ],
)
def test_points_are_rounded_down_for_each_line(
    currency: str, points_per_unit: int, paid: dict[str, int], points: int
) -> None:
    member = Member(confirmed("o1", currency, **paid), programme=Programme(points_per_unit=points_per_unit))

    assert member.balances == (points, 0)


def test_a_line_that_is_named_twice_earns_for_the_sum() -> None:
    order = confirmed(a=150)
    twice = replace(order, lines=order.lines * 2)

    assert Member(twice).balances == (3, 0)


def test_points_wait_for_the_end_of_the_return_window_and_for_nothing_else() -> None:
    member = Member(confirmed(a=2_000), delivered())
    assert member.balances == (20, 0)

    member.take(completed())
    assert member.balances == (0, 20)


def test_what_moved_is_said_with_the_balances_afterwards() -> None:
    earned, vested = Member(confirmed(a=2_000), completed()).facts

    assert earned == PointsEarned(
        customer_id=ADA, occurred_at=NOON.replace(minute=1), order_id="o1", points=20, available_points=0,
        pending_points=20,
    )  # fmt: skip
    assert vested == PointsVested(
        customer_id=ADA, occurred_at=NOON.replace(minute=2), order_id="o1", points=20, available_points=20,
        pending_points=0,
    )  # fmt: skip


def test_an_order_that_earns_nothing_says_nothing_but_why() -> None:
    member = Member(confirmed(a=99), completed())

    assert member.facts == []
    assert member.postings == []
    assert member.decisions == [("o1", "earning", "not_earned", "nothing_to_earn")]


def test_an_order_completed_before_it_is_confirmed_vests_when_it_is() -> None:
    member = Member(completed())
    assert member.balances == (0, 0)

    member.take(confirmed(a=2_000))
    assert member.balances == (0, 20)


@pytest.mark.parametrize("fact", [confirmed(a=2_000), delivered(), completed()])
def test_a_fact_said_again_is_a_duplicate(fact: object) -> None:
    member = Member(confirmed(a=2_000), delivered(), completed())
    before = member.account

    assert member.take(fact).duplicate  # type: ignore[arg-type]  # a table of different facts
    assert member.account is before


def test_an_erased_customer_earns_nothing_new_and_keeps_what_is_under_way() -> None:
    member = Member(confirmed("o1", a=2_000), erased(), confirmed("o2", a=2_000), completed("o1"), completed("o2"))

    assert member.balances == (0, 20)
    assert ("o2", "earning", "not_earned", "customer_erased") in member.decisions
