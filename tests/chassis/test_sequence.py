"""One sequence of events and deadlines: a table of who comes before whom."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from chassis.errors import Rejected
from chassis.items import Command, Due, Item
from chassis.outcomes import NOTHING, ClearDeadline, Outcome, SetDeadline
from chassis.sequence import Folded, fold_sequence
from tests.running import at

Said = Callable[[Item], Outcome]


def said(name: str, hour: float, customer_id: str = "ada") -> Command[Any]:
    """An item; what it leads to is the test's."""
    return Command(id=name, at=at(hour), customer_id=customer_id, data=name, actor="t", correlation_id=name)


def due(kind: str, hour: float, customer_id: str = "ada") -> Due:
    """A deadline that waits."""
    return Due(customer_id=customer_id, kind=kind, subject="s", due_at=at(hour), set_by="earlier", correlation_id="c")


def sets(kind: str, hour: float) -> Outcome:
    """What sets a deadline."""
    return Outcome(deadlines=(SetDeadline(kind, "s", at(hour)),))


def folded(items: list[Any], deadlines: list[Due], leads_to: dict[str, Any], before: float = 24) -> Folded:
    """Fold, where `leads_to` says what an item (by name or kind) leads to: an outcome or an error."""

    def fold(account: tuple[str, ...], item: Item) -> tuple[tuple[str, ...], Outcome]:
        name = item.kind if isinstance(item, Due) else item.id
        outcome = leads_to.get(name, NOTHING)
        if isinstance(outcome, Exception):
            raise outcome
        return (*account, name), outcome

    moment: datetime = at(0, 2) if before == 24 else at(before)
    return fold_sequence(fold, {"ada": (), "bob": ()}, items, deadlines, before=moment)


@pytest.mark.parametrize(
    ("items", "deadlines", "leads_to", "order"),
    [
        ([said("a", 9), said("b", 11)], [due("d", 10)], {}, ("a", "d", "b")),
        ([said("a", 10)], [due("d", 10)], {}, ("a", "d")),
        ([said("a", 9), said("b", 11)], [], {"a": sets("d", 10)}, ("a", "d", "b")),
        ([said("a", 9), said("b", 11)], [], {"a": sets("d", 12)}, ("a", "b", "d")),
        ([said("a", 9)], [due("d", 10)], {"a": Outcome(deadlines=(ClearDeadline("d", "s"),))}, ("a",)),
        ([said("a", 9), said("b", 11)], [due("d", 10)], {"a": sets("d", 12)}, ("a", "b", "d")),
        ([], [due("d", 10)], {"d": sets("e", 11)}, ("d", "e")),
        ([said("a", 12), said("b", 11)], [], {"a": sets("d", 11.5)}, ("a", "d", "b")),
    ],
    ids=["between", "event first", "set within", "set later", "cleared", "moved", "chain", "said too late"],
)
def test_deadlines_take_their_place_between_events(
    items: list[Any], deadlines: list[Due], leads_to: dict[str, Any], order: tuple[str, ...]
) -> None:
    assert folded(items, deadlines, leads_to).accounts["ada"] == order


def test_what_is_due_later_waits() -> None:
    found = folded([said("a", 9)], [due("d", 12)], {"a": sets("e", 13)}, before=12)
    assert found.accounts["ada"] == ("a",)
    assert {key[1] for key in found.deadlines} == {"e"}


@pytest.mark.parametrize(
    ("error", "reason", "blocks"),
    [
        (Rejected("no", "No."), "no", True),
        (Rejected("no", "No.", blocks=False), "no", False),
        (ZeroDivisionError("Ada Lovelace"), "fold_failed", True),
    ],
)
def test_what_is_refused_changes_nothing_and_blocks_one_customer(error: Exception, reason: str, blocks: bool) -> None:
    items = [said("a", 9), said("b", 10), said("x", 10, "bob")]
    found = folded(items, [due("d", 9.5)], {"a": error})
    assert found.accounts == {"ada": () if blocks else ("d", "b"), "bob": ("x",)}
    assert [refused.reason for refused in found.refused] == ([reason, "behind_blocked"] if blocks else [reason])
    assert "Ada" not in found.refused[0].detail
    assert set(found.blocks) == ({"ada"} if blocks else set())


def test_a_deadline_that_is_refused_waits_and_blocks() -> None:
    found = folded([said("b", 11)], [due("d", 10)], {"d": Rejected("no", "No.", blocks=False)})
    assert (found.deadlines, set(found.blocks), found.accounts["ada"]) == ({}, {"ada"}, ())


def test_a_deadline_cannot_wake_itself_for_ever() -> None:
    found = folded([], [due("d", 10)], {"d": sets("d", 10)})
    assert [refused.detail for refused in found.refused] == ["DeadlineLoop"]


def test_what_a_deadline_sets_goes_back_to_the_first_cause() -> None:
    found = folded([said("a", 9)], [], {"a": sets("d", 10), "d": sets("e", 30 - 12)}, before=12)
    assert [(waiting.kind, waiting.set_by) for waiting in found.deadlines.values() if waiting] == [("e", "a")]
