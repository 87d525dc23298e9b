"""A member's tier follows the points that count, up and down."""

import pytest

from contracts.loyalty import TierLost, TierReached
from loyalty.programme import Programme, Tier
from loyalty.tiers import tier_after, tier_at, tier_of
from tests.loyalty.facts import ADA, PROGRAMME, Member, completed, confirmed, erased, refunded


@pytest.mark.parametrize(
    ("points", "name"), [(0, "bronze"), (499, "bronze"), (500, "silver"), (1_999, "silver"), (2_000, "gold")]
)
def test_a_tier_begins_at_its_threshold(points: int, name: str) -> None:
    assert tier_at(PROGRAMME, points).name == name


def test_pending_points_do_not_count() -> None:
    assert Member(confirmed(a=90_000)).account.tier is None


def test_tiers_are_reached_skipped_and_lost() -> None:
    member = Member(
        confirmed(a=50_000, b=150_000), completed(), refunded("r1", b=1), refunded("r2", a=50_000, b=149_999)
    )
    moves = [
        (type(fact), fact.previous, fact.tier) for fact in member.facts if isinstance(fact, TierReached | TierLost)
    ]

    assert moves == [(TierReached, "bronze", "gold"), (TierLost, "gold", "silver"), (TierLost, "silver", "bronze")]
    assert [decision for decision in member.decisions if decision[1] == "tier"] == [
        (ADA, "tier", "reached", "gold"),
        (ADA, "tier", "lost", "silver"),
        (ADA, "tier", "lost", "bronze"),
    ]


def test_a_refund_before_the_vesting_is_never_a_lost_tier() -> None:
    member = Member(completed(), refunded(a=60_000), confirmed(a=60_000))

    assert not [fact for fact in member.facts if isinstance(fact, TierReached | TierLost)]


def test_an_erased_customers_tier_no_longer_moves() -> None:
    assert Member(confirmed(a=60_000), erased(), completed()).account.tier is None


def test_somebody_whose_tier_was_abolished_starts_from_the_first() -> None:
    renamed = Programme(tiers=(Tier("leaf", 0), Tier("tree", 500)))
    member = Member(confirmed(a=60_000), completed())

    assert tier_of(renamed, member.account).name == "leaf"


def test_above_the_highest_tier_there_is_none() -> None:
    bronze, silver, gold = PROGRAMME.tiers

    assert tier_after(PROGRAMME, bronze) == silver
    assert tier_after(PROGRAMME, gold) is None
