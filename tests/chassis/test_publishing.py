"""What follows from an item follows from it in the same words, each time it is folded."""

import pytest

from chassis.items import Command
from chassis.outcomes import Outcome
from chassis.publishing import events_of, time_reached
from contracts.orders import OrderCompleted
from contracts.traces import continued_trace, place_of, step_of, stepped
from tests.running import at

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def completed(order_id: str) -> OrderCompleted:
    """A fact."""
    return OrderCompleted(customer_id="ada", order_id=order_id, occurred_at=at(9))


def test_facts_carry_time_cause_and_correlation_of_their_item() -> None:
    item = Command(id="c-1", at=at(10), customer_id="ada", data="x", actor="t", correlation_id="k")
    facts = (completed("o1"), completed("o1"), completed("o2"))
    first = list(events_of("/toy", [(item, Outcome(facts=facts))]))
    assert [event.id for event in first] == [event.id for event in events_of("/toy", [(item, Outcome(facts=facts))])]
    assert len({event.id for event in first}) == 3
    assert {(event.time, event.causation_id, event.correlation_id) for event in first} == {(at(10), "c-1", "k")}


@pytest.mark.parametrize(
    ("traceparent", "trace_id", "flags"),
    [(f"00-{TRACE}-00f067aa0ba902b7-00", TRACE, "00"), (None, None, "01"), ("junk", None, "01")],
)
def test_a_trace_goes_on_or_begins(traceparent: str | None, trace_id: str | None, flags: str) -> None:
    version, found, span, found_flags = continued_trace(traceparent, "k", "event").split("-")
    assert (version, len(found), len(span), found_flags) == ("00", 32, 16, flags)
    assert trace_id in (None, found)


def test_what_follows_in_a_trace_needs_no_memory() -> None:
    """The span of a step, as its facts and messages name it, follows from who folds and the item's id."""
    said = f"00-{TRACE}-00f067aa0ba902b7-01"
    assert place_of(said, "k") == (TRACE, "00f067aa0ba902b7", True)
    assert stepped(said, "k", "/toy", "e1") == f"00-{TRACE}-{step_of('/toy', 'e1')}-01"
    assert step_of("/toy", "e1") != step_of("/other", "e1")


@pytest.mark.parametrize("junk", ["junk", f"00-{'z' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-00f067aa0ba902b7-zz", ""])
def test_a_trace_that_cannot_be_is_looked_at_by_nobody_or_begun_anew(junk: str) -> None:
    trace_id, span_id, sampled = place_of(junk, "k")
    assert not sampled or (span_id is None and trace_id == place_of(None, "k").trace_id)


def test_time_is_said_once_with_one_id() -> None:
    assert time_reached("/toy", "orders", 1, at(9)).id == time_reached("/toy", "orders", 1, at(9)).id
    assert time_reached("/toy", "orders", 1, at(9)).id != time_reached("/toy", "orders", 2, at(9)).id
