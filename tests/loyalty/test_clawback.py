"""With the money go the points it had earned: per line, in proportion, once."""

import pytest

from contracts.loyalty import PointsClawedBack
from contracts.orders import OrderRefunded
from loyalty.programme import Programme
from tests.loyalty.facts import ADA, NOON, Member, cancelled, completed, confirmed, erased, refunded

LATER = Programme(points_per_unit=10)


@pytest.mark.parametrize(
    ("refunds", "kept"),
    [
        ([refunded("r1", a=0)], 10),
        ([refunded("r1", a=1)], 9),  # the money that stays is 9.99
        ([refunded("r1", a=100)], 9),
        ([refunded("r1", a=333)], 6),
        ([refunded("r1", a=333), refunded("r2", a=333)], 3),
        ([refunded("r1", a=333), refunded("r2", a=333), refunded("r3", a=334)], 0),
        ([refunded("r1", a=1_000)], 0),
        ([refunded("r1", a=5_000)], 0),
        ([refunded("r1", a=600), refunded("r2", a=600), refunded("r3", a=600)], 0),
        ([refunded("r1")], 10),  # a gesture
        ([refunded("r1", unknown=500)], 10),
        ([refunded("r1", a=500, unknown=500)], 5),
    ],
)
def test_a_line_keeps_what_the_money_that_stays_would_have_earned(refunds: list[OrderRefunded], kept: int) -> None:
    pending, vested = Member(confirmed(a=1_000), *refunds), Member(confirmed(a=1_000), completed(), *refunds)

    assert pending.balances == (kept, 0)
    assert vested.balances == (0, kept)
    assert vested.account.qualifying_points == kept


def test_each_line_answers_for_itself() -> None:
    assert Member(confirmed(a=1_000, b=199), refunded(b=199)).balances == (10, 0)


def test_the_same_refund_said_again_takes_nothing_more() -> None:
    member = Member(confirmed(a=1_000), refunded(a=300))

    assert member.take(refunded(a=300)).duplicate
    assert member.balances == (7, 0)


def test_a_cancellation_or_erasure_said_again_is_a_duplicate() -> None:
    member = Member(confirmed(a=1_000), cancelled(), erased())

    assert member.take(cancelled()).duplicate
    assert member.take(erased()).duplicate


def test_a_refund_known_before_the_order_is_confirmed_is_remembered() -> None:
    member = Member(refunded(a=300), confirmed(a=1_000))

    assert member.balances == (7, 0)
    assert member.decisions == [
        ("r1", "claw_back", "remembered", "order_not_confirmed"),
        ("o1", "earning", "earned", "order_confirmed"),
        ("r1", "claw_back", "taken_back", "line_refunded"),
    ]


@pytest.mark.parametrize(
    ("refund", "reason"),
    [
        (refunded(), "refund_without_lines"),
        (refunded(unknown=100), "line_unknown"),
        (refunded(a=0), "less_than_a_point"),
        (refunded(b=99), "nothing_held"),
    ],
)
def test_a_refund_that_takes_nothing_says_why(refund: OrderRefunded, reason: str) -> None:
    member = Member(confirmed(a=1_000, b=99), refund)

    assert member.decisions[-1] == ("r1", "claw_back", "kept", reason)
    assert len(member.facts) == 1


def test_more_refunded_than_paid_leaves_zero_and_is_decided() -> None:
    member = Member(confirmed(a=1_000), refunded(a=1_500))

    assert member.balances == (0, 0)
    assert member.decisions[-1] == ("r1", "over_refund", "clamped", "more_than_paid")


def test_a_cancellation_takes_everything_back_and_leaves_nothing_for_later_refunds() -> None:
    member = Member(confirmed(a=1_000, b=1_000), refunded(a=500), cancelled(), refunded("r2", b=1_000), completed())

    assert member.balances == (0, 0)
    assert [fact.points for fact in member.facts if isinstance(fact, PointsClawedBack)] == [5, 15]


def test_what_is_taken_back_is_said_with_its_refund() -> None:
    assert Member(confirmed(a=1_000), refunded(a=300)).facts[-1] == PointsClawedBack(
        customer_id=ADA, occurred_at=NOON.replace(minute=2), order_id="o1", refund_id="r1", points=3,
        available_points=0, pending_points=7,
    )  # fmt: skip


def test_a_changed_programme_does_not_change_what_a_refund_takes() -> None:
    before = Member(confirmed(a=1_000))
    after = Member(programme=LATER)
    after.account = before.account
    after.take(refunded(a=300))

    assert after.balances == (7, 0)


def test_points_that_were_spent_are_owed_and_paid_off_by_the_next_ones() -> None:
    member = Member(confirmed(a=1_000), completed())
    member.redeem(10)
    member.takes([refunded(a=1_000), confirmed("o2", a=2_500), completed("o2")])

    assert member.balances == (0, 15)
    assert [decision for decision in member.decisions if decision[1] == "negative_balance"] == [
        (ADA, "negative_balance", "allowed", "spent_before_taken_back"),
        (ADA, "negative_balance", "settled", "paid_off_by_points"),
    ]
