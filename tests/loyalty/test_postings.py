"""The ledger: every point comes from somewhere and goes somewhere, whatever is said and in whatever order."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Conflict, Rejected
from contracts import Fact
from contracts.vocabulary import LARGEST_INTEGER
from loyalty.accounts import Account
from loyalty.postings import EARN, MOVEMENTS, SPEND, VEST, Movement, Place, Posting, reference
from tests.loyalty.facts import Member, cancelled, completed, confirmed, delivered, erased, late, refunded, requested


def sums(postings: list[Posting]) -> Counter[Place]:
    """What each account of the ledger holds."""
    held: Counter[Place] = Counter()
    for posting in postings:
        held[posting.movement.source] -= posting.points
        held[posting.movement.destination] += posting.points
    return held


def assert_balanced(member: Member) -> None:
    held = sums(member.postings)
    assert (held[Place.pending], held[Place.available]) == member.balances
    assert sum(held.values()) == 0
    assert member.account.pending_points >= 0
    assert member.account.qualifying_points >= 0
    assert member.account.qualifying_points == sum(p.movement.qualifying * p.points for p in member.postings)
    assert all(posting.points > 0 for posting in member.postings)
    assert [posting.number for posting in member.postings] == list(range(1, member.account.postings + 1))
    assert len({posting.reference for posting in member.postings}) == len(member.postings)


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_a_movement_changes_the_balances_that_its_places_name(movement: Movement) -> None:
    def change(place: Place) -> int:
        return (movement.destination is place) - (movement.source is place)

    assert (movement.pending, movement.available) == (change(Place.pending), change(Place.available))


def test_only_vested_earnings_count_for_the_tier() -> None:
    assert [VEST.qualifying, EARN.qualifying, SPEND.qualifying] == [1, 0, 0]


def test_two_natural_keys_never_read_the_same() -> None:
    assert reference("refunded", "a:b", "c") != reference("refunded", "a", "b:c")


def test_an_amount_that_cannot_be_meant_is_rejected() -> None:
    member = Member()
    with pytest.raises(Rejected) as refusal:
        member.takes([confirmed("o1", "JPY", a=LARGEST_INTEGER, b=LARGEST_INTEGER)])

    assert refusal.value.code == "points_out_of_range"
    assert member.account == Account(customer_id="ada")


MINOR = st.integers(0, 3_000)
LINES = st.dictionaries(st.sampled_from("abc"), MINOR, max_size=3)


@st.composite
def lives(draw: st.DrawFn) -> list[Fact]:
    """What may be said about two orders of one customer; refunds may be absurd."""
    facts: list[Fact] = [requested(draw(st.integers(1, 1_500)))]
    for order_id in ("o1", "o2"):
        facts.append(confirmed(order_id, **draw(LINES)))
        facts += [refunded(f"r{number}", order_id, **draw(LINES)) for number in range(draw(st.integers(0, 3)))]
        chosen = st.sampled_from([delivered(order_id), completed(order_id), cancelled(order_id), late("i1", order_id)])
        facts += draw(st.lists(chosen, unique_by=repr))
    return facts


@settings(max_examples=200, deadline=None)
@given(st.data(), lives())
def test_any_sequence_and_any_repetition_ends_in_the_same_balances(data: st.DataObject, facts: list[Fact]) -> None:
    said_once = Member(*facts)
    shuffled = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=8))))
    said_anyhow = Member(*shuffled)

    assert said_anyhow.balances == said_once.balances
    assert said_anyhow.account.qualifying_points == said_once.account.qualifying_points
    assert (said_anyhow.account.tier or "bronze") == (said_once.account.tier or "bronze")
    assert_balanced(said_once)
    assert_balanced(said_anyhow)


@settings(max_examples=100, deadline=None)
@given(st.data(), lives())
def test_no_point_is_made_or_lost_whoever_spends_and_leaves_in_between(data: st.DataObject, facts: list[Fact]) -> None:
    member = Member()
    for fact in data.draw(st.permutations([*facts, erased()])):
        member.take(fact)
        if data.draw(st.booleans()):
            spend(member, data.draw(st.integers(1, 50)))
        assert_balanced(member)


def spend(member: Member, points: int) -> None:
    available = member.account.available_points
    try:
        member.redeem(points, f"x{len(member.outcomes)}")
    except Conflict:
        assert available < points or member.account.erased_at


@given(st.data())
def test_partial_refunds_take_together_what_one_refund_takes(data: st.DataObject) -> None:
    paid = data.draw(st.integers(0, 10_000))
    parts = data.draw(st.lists(st.integers(0, 4_000), max_size=5))
    in_parts = Member(confirmed(a=paid), *(refunded(f"r{number}", a=part) for number, part in enumerate(parts)))

    assert in_parts.balances == Member(confirmed(a=paid), refunded(a=sum(parts))).balances
