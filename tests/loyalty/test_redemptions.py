"""Points are spent once, by somebody who has them."""

import pytest

from chassis.errors import Conflict
from contracts.loyalty import PointsSpent
from tests.loyalty.facts import Member, completed, confirmed, erased, late


def member_with(available: int) -> Member:
    return Member(confirmed(a=available * 100), completed())


@pytest.mark.parametrize("points", [1, 19, 20])
def test_points_that_are_there_may_be_spent(points: int) -> None:
    member = member_with(20)
    member.redeem(points)

    assert member.balances == (0, 20 - points)
    assert isinstance(member.facts[-1], PointsSpent)


@pytest.mark.parametrize("member", [Member(), member_with(9), Member(confirmed(a=9_000))])
def test_nobody_spends_points_they_do_not_have(member: Member) -> None:
    before = member.account
    with pytest.raises(Conflict) as refusal:
        member.redeem(10)

    assert refusal.value.code == "insufficient_points"
    assert member.account is before


def test_the_same_redemption_again_spends_nothing_more() -> None:
    member = member_with(20)
    member.redeem(15)

    assert member.redeem(15).duplicate
    assert member.balances == (0, 5)


def test_the_same_redemption_with_other_points_is_a_conflict() -> None:
    member = member_with(20)
    member.redeem(5)
    with pytest.raises(Conflict) as refusal:
        member.redeem(6)

    assert refusal.value.code == "redemption_differs"


def test_spending_does_not_cost_the_tier() -> None:
    member = member_with(600)
    member.redeem(600)

    assert member.account.tier == "silver"


def test_an_erased_customer_spends_nothing() -> None:
    with pytest.raises(Conflict) as refusal:
        Member(late(), erased()).redeem(10)

    assert refusal.value.code == "customer_erased"
