"""However events are repeated and however late an address comes, the customer hears the same."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import IssueKind, Severity
from notifier.policy import Policy
from tests.notifier.correspondent import (
    BERLIN,
    Life,
    confirmed,
    delivered,
    earned,
    goodwill,
    hour,
    known,
    opened,
    resolved,
    shipped,
    survey,
    worsened,
)

USUAL = Policy(shop_zone=BERLIN)
STORY = [
    known(),
    confirmed(10),
    earned(10),
    shipped(11),
    opened(12),
    opened(12.05, IssueKind.item_missing),
    earned(12, order_id="o2"),
    goodwill(12),
    worsened(36, Severity.critical),
    resolved(60),
    resolved(60, IssueKind.item_missing),
    delivered(60),
    survey(132),
]
END = 400


@given(st.lists(st.integers(0, len(STORY) - 1), max_size=20))
def test_repeated_events_change_nothing(repeated: list[int]) -> None:
    once, twice = Life(STORY, until=END, policy=USUAL), Life(policy=USUAL)
    for number, event in enumerate(STORY):
        twice.live([event], until=0).again(STORY[other] for other in repeated if other < number)
    twice.live(until=END)
    assert twice.told() == once.told()
    assert twice.account.circumstances == once.account.circumstances
    assert [type(fact) for fact in twice.facts] == [type(fact) for fact in once.facts]


@given(st.floats(min_value=0, max_value=15))
def test_an_address_that_comes_in_time_loses_nothing(at: float) -> None:
    late = Life([known(at), *STORY[1:]], until=END, policy=USUAL)
    assert sorted(late.kinds_told()) == sorted(Life(STORY, until=END, policy=USUAL).kinds_told())


@given(st.lists(st.floats(min_value=0, max_value=END), max_size=30))
def test_batches_of_any_size_say_the_same(cuts: list[float]) -> None:
    whole, pieces, begin = Life(STORY, until=END, policy=USUAL), Life(policy=USUAL), hour(-1)
    for cut in [*sorted(cuts), END]:
        pieces.live([event for event in STORY if begin <= event.at < hour(cut)], until=cut)
        begin = hour(cut)
    assert pieces.told() == whole.told()
    assert pieces.facts == whole.facts
    assert pieces.account == whole.account
    assert pieces.decisions == whole.decisions
