"""What a lane gives out, what it keeps waiting, and up to when its silence counts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from toy.app import SERVICE

import chassis.lane as lanes
from chassis.batch import Report
from chassis.lane import Lane
from chassis.listening import Listening
from chassis.positions import Position
from chassis.reading import Entry, RawRecord
from chassis.sequence import LONG_AGO
from chassis.settings import ClockKind
from contracts import Event, TimeReached
from contracts.storefront import ORDERS, SHIPMENTS
from contracts.unreadable import Reason, Unreadable
from tests.chassis.shop import lost, placed
from tests.running import at


def lane(clock: ClockKind = ClockKind.simulated, *, closes_days: bool = False) -> Lane:
    """A new one, both topics at their beginning."""
    return Lane(0, SERVICE.consumes, {ORDERS: Position(0), SHIPMENTS: Position(0)}, clock, closes_days=closes_days)


def entry(topic: str, offset: int, event: Event[Any] | None) -> Entry:
    """A record on a topic; without event an ignored one."""
    return Entry.of(RawRecord(topic, 0, offset, 0, b"k", b"", ()), event)


def mark(topic: str, offset: int, hour: float) -> Entry:
    """A topic says what time it is."""
    data = TimeReached(at=at(hour))
    return entry(topic, offset, Event(id=f"{offset}", source="/s", time=at(hour), data=data, correlation_id="c"))


def ids(found: Lane, most: int = 100) -> list[str]:
    """What the next batch holds, and let it be done."""
    batch = found.next_batch(most)
    if batch is None:
        return []
    ends = dict(batch.expected) | {one.record.topic: one.record.offset + 1 for one in batch.entries}
    found.done(Report(next_offsets=ends, settled_at=batch.before))
    return [one.event.id for one in batch.entries if one.event and not one.marker]


def test_nothing_is_folded_before_every_topic_has_reached_its_time() -> None:
    found = lane()
    found.receive([entry(ORDERS, 0, placed("ada", "o1", 10)), mark(ORDERS, 1, 12)])
    assert ids(found) == []
    found.receive([entry(SHIPMENTS, 0, lost("ada", "o1", 9)), mark(SHIPMENTS, 1, 11)])
    assert ids(found) == ["lost-o1", "placed-o1"]


def test_at_the_same_moment_the_first_topic_comes_first() -> None:
    found = lane(ClockKind.real)
    found.receive([entry(SHIPMENTS, 0, lost("ada", "o1", 10))])
    found.receive([entry(ORDERS, 0, placed("ada", "o1", 10))])
    assert ids(found) == ["placed-o1", "lost-o1"]


def test_a_topic_keeps_its_own_order_whatever_times_it_says() -> None:
    found = lane(ClockKind.real)
    found.receive([entry(ORDERS, 0, placed("ada", "o1", 12)), entry(ORDERS, 1, placed("ada", "o2", 9))])
    assert [*ids(found, 1), *ids(found, 1)] == ["placed-o1", "placed-o2"]


def test_what_is_folded_already_is_passed_over() -> None:
    found = lane(ClockKind.real)
    found.receive([entry(ORDERS, 0, placed("ada", "o1")), entry(ORDERS, 0, placed("ada", "o1"))])
    assert ids(found) == ["placed-o1"]
    found.receive([entry(ORDERS, 0, placed("ada", "o1"))])
    assert found.next_batch(9) is None


def test_ignored_and_unreadable_records_move_the_position() -> None:
    found = lane(ClockKind.real)
    broken = replace(entry(ORDERS, 1, None), unreadable=Unreadable(Reason.not_utf8, "byte 1"))
    found.receive([entry(ORDERS, 0, None), broken])
    assert ids(found) == []
    assert found.positions == {ORDERS: 2, SHIPMENTS: 0}


def test_a_full_topic_pauses_alone_so_that_the_time_it_waits_for_can_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "ENOUGH_ENTRIES", 3)
    found = lane()
    found.receive(entry(ORDERS, offset, placed("ada", f"o{offset}", 10)) for offset in range(5))
    assert found.full_topics() == set()  # its own time is what everybody waits for
    found.receive([mark(ORDERS, 5, 11)])
    assert found.full_topics() == {ORDERS}


def moment(second: int) -> datetime:
    """A moment of our clock."""
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(
    ("fetches", "position", "heard"),
    [
        ([(1000, 5)], 5, LONG_AGO),  # the end may have been read before the question
        ([(1000, 5), (2000, 5)], 5, moment(1)),
        ([(1000, 5), (2000, 7)], 5, LONG_AGO),  # two records are on their way
        ([(1000, 5), (2000, 7)], 7, moment(1)),
        ([(1000, 5), (2000, 7), (3000, 9)], 7, moment(1)),  # the first question is answered first
        ([(1000, 5), (1000, 5)], 5, LONG_AGO),  # the same fetch twice
        ([(None, None)], 0, LONG_AGO),
    ],
)
def test_silence_counts_only_until_the_end_that_was_read_after_it(
    fetches: list[tuple[int | None, int | None]], position: int, heard: datetime
) -> None:
    listening = Listening()
    for at_ms, end_offset in fetches:
        listening.fetched(at_ms, end_offset)
    assert listening.passed(position) == heard


def test_the_end_of_a_transaction_is_no_record_to_wait_for() -> None:
    found = lane(ClockKind.real)
    found.receive([entry(ORDERS, 0, placed("ada", "o1"))])
    for at_ms in (1000, 2000):
        found.fetched(ORDERS, at_ms, 2, 2)  # offset 1 holds the commit of the publisher's transaction
        found.fetched(SHIPMENTS, at_ms, 0, 0)
    assert found.horizon() == moment(1)


def three_days(found: Lane) -> Lane:
    """An order in the morning of each of three days, and a while after them."""
    orders = [entry(ORDERS, number, placed("ada", f"o{number}", 10 + 24 * number)) for number in range(3)]
    found.receive([*orders, mark(ORDERS, 3, 100), mark(SHIPMENTS, 0, 100)])
    return found


def test_a_partition_stops_at_midnight_until_the_day_is_closed() -> None:
    found = three_days(lane(closes_days=True))
    assert ids(found) == ["placed-o0"]
    assert (found.settled_at, found.waits_for_closing) == (at(24), True)
    assert ids(found) == []
    found.closed_until = at(24)
    assert not found.waits_for_closing
    assert ids(found) == ["placed-o1"]
    found.closed_until = at(72)
    assert ids(found) == ["placed-o2"]
    assert found.settled_at == at(96)


@pytest.mark.parametrize(("clock", "closes_days"), [(ClockKind.simulated, False), (ClockKind.real, True)])
def test_nothing_else_stops_at_midnight(clock: ClockKind, closes_days: bool) -> None:
    found = three_days(lane(clock, closes_days=closes_days))
    assert ids(found) == ["placed-o0", "placed-o1", "placed-o2"]
    assert not found.waits_for_closing


def test_a_partition_in_which_nothing_ever_happened_holds_up_nobody() -> None:
    found = lane(closes_days=True)
    found.receive([mark(ORDERS, 0, 100), mark(SHIPMENTS, 0, 100)])
    assert ids(found) == []
    assert found.settled_at == at(100)
