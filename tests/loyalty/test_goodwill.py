"""The shop makes good for a broken promise, once, and up to a cap."""

import pytest

from contracts.loyalty import GoodwillGranted, GoodwillRefused
from contracts.vocabulary import IssueKind
from loyalty.programme import Programme
from tests.loyalty.facts import Member, cancelled, confirmed, erased, late, refunded, requested


def test_a_late_delivery_is_made_good_at_once() -> None:
    member = Member(late())

    (granted,) = member.facts
    assert member.balances == (0, 100)
    assert isinstance(granted, GoodwillGranted)
    assert (granted.order_id, granted.issue_id, granted.reason) == ("o1", "i1", "delivery_late")


def test_an_order_is_made_good_once_however_often_it_is_late() -> None:
    member = Member(late("i1"), late("i2"), late("i3", "o2"))

    assert member.balances == (0, 200)
    assert ("i2", "goodwill", "refused", "order_already_made_good") in member.decisions


@pytest.mark.parametrize("issue_id", ["i1", "i2"])
def test_a_late_delivery_said_again_is_a_duplicate(issue_id: str) -> None:
    member = Member(late("i1"), late("i2"))

    assert member.take(late(issue_id)).duplicate
    assert member.balances == (0, 100)


@pytest.mark.parametrize("kind", [kind for kind in IssueKind if kind is not IssueKind.delivery_late])
def test_no_other_issue_is_made_good_by_itself(kind: IssueKind) -> None:
    member = Member(late(kind=kind))

    assert member.outcomes[0].rows == ()


def test_goodwill_does_not_count_for_the_tier_and_stays_when_the_money_goes_back() -> None:
    generous = Programme(late_delivery_points=900)
    member = Member(confirmed(a=1_000), late(), refunded(a=1_000), cancelled(), programme=generous)

    assert member.balances == (0, 900)
    assert member.account.tier is None


@pytest.mark.parametrize(("points", "granted"), [(1, 1), (1_000, 1_000), (1_001, 0)])
def test_what_a_case_asks_for_is_given_up_to_the_cap(points: int, granted: int) -> None:
    assert Member(requested(points)).balances == (0, granted)


def test_a_request_is_answered_once() -> None:
    member = Member(requested(200), requested(2_000, "q2"))

    assert member.take(requested(200)).duplicate
    assert member.take(requested(2_000, "q2")).duplicate
    assert member.balances == (0, 200)


def test_a_refusal_is_said_with_its_reason() -> None:
    (refused,) = Member(requested(1_001)).facts

    assert isinstance(refused, GoodwillRefused)
    assert (refused.request_id, refused.reason) == ("q1", "over_cap")


@pytest.mark.parametrize("claim", [late(), requested(10)])
def test_an_erased_customer_is_given_nothing(claim: object) -> None:
    member = Member(erased())
    member.take(claim)  # type: ignore[arg-type]  # a table of different facts

    assert member.balances == (0, 0)
    assert member.decisions[-1][1:] == ("goodwill", "refused", "customer_erased")


def test_a_programme_may_offer_no_goodwill() -> None:
    member = Member(late(), programme=Programme(late_delivery_points=0))

    assert member.decisions == [("i1", "goodwill", "refused", "none_offered")]
