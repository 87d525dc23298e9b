"""Same log, same rows: with simulated time nothing depends on polls, batches, restarts or which topic came first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from toy.app import SERVICE, Counted
from toy.app import fold as toy_fold

from chassis.batch import Batch, Report
from chassis.deadlines import Waking
from chassis.items import Due, Item
from chassis.lane import Lane
from chassis.outcomes import Outcome
from chassis.positions import Position
from chassis.reading import Entry, RawRecord
from chassis.sequence import Folded, Key, fold_sequence
from chassis.settings import ClockKind
from contracts import Event, TimeReached
from contracts.storefront import ORDERS, SHIPMENTS
from tests.chassis.shop import lost, placed
from tests.running import at

CUSTOMERS = ("ada", "bob", "eve")
Log = dict[str, list[Entry]]
"""What lies on each topic of the partition."""


@dataclass
class Database:
    """What a real one would keep, without the input and output."""

    positions: dict[str, Position]
    accounts: dict[str, Counted] = field(default_factory=dict)
    deadlines: dict[Key, Due] = field(default_factory=dict)
    folds: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)
    """Of each customer, in order."""

    def run(self, batch: Batch, most_due: int) -> Report:
        """What `chassis.batch.run` does, in memory."""
        waking = self._waking(batch.before, most_due)
        more_due, batch = waking.settled < batch.before, batch.until(waking.until)
        said = [(entry.event, moment) for entry, moment in zip(batch.entries, batch.moments, strict=True)]
        items = [(event, moment) for event, moment in said if event and not isinstance(event.data, TimeReached)]
        touched = {event.customer_id for event, _ in items} | set(waking.customer_ids)
        accounts = {customer_id: self.accounts.get(customer_id, Counted()) for customer_id in touched}
        folded = fold_sequence(
            self._fold, accounts, [event for event, _ in items],
            [due for due in self.deadlines.values() if due.customer_id in touched],
            before=batch.before, moments=[moment for _, moment in items],
        )  # fmt: skip
        return self._save(batch, folded, settled=waking.settled, more_due=more_due)

    def _waking(self, before: datetime, most: int) -> Waking:
        due = sorted((due for due in self.deadlines.values() if due.due_at < before), key=lambda due: due.due_at)
        customer_ids = [due.customer_id for due in due[:most]]
        if len(due) <= most:
            return Waking(customer_ids, before, before)
        last_at = due[most - 1].due_at
        until = last_at + timedelta(microseconds=1)
        return Waking(customer_ids, until, until if due[most].due_at > last_at else last_at)

    def _fold(self, account: Counted, item: Item) -> tuple[Counted, Outcome]:
        what = f"due {item.subject} {item.due_at}" if isinstance(item, Due) else item.id
        self.folds.setdefault(item.customer_id, []).append((what, item.at))
        return toy_fold(account, item)

    def _save(self, batch: Batch, folded: Folded, *, settled: datetime, more_due: bool) -> Report:
        self.accounts |= folded.accounts
        for key, due in folded.deadlines.items():
            self.deadlines.pop(key, None)
            if due:
                self.deadlines[key] = due
        settled_at = max(settled, *(found.settled_at or settled for found in self.positions.values()))
        ends = dict(batch.expected) | {entry.record.topic: entry.record.offset + 1 for entry in batch.entries}
        for topic, end in ends.items():
            marks = [entry.marker.at for entry in batch.entries if entry.marker and entry.record.topic == topic]
            reached = [self.positions[topic].reached_at, *marks]
            reached_at = max((moment for moment in reached if moment), default=None)
            self.positions[topic] = Position(end, reached_at, settled_at)
        return Report(next_offsets=ends, settled_at=settled_at, more_due=more_due)


def turned(log: Log, chance: Random) -> Database:
    """The log, polled and folded with whatever borders, batches and restarts somebody thinks of."""
    database = Database({topic: Position(0) for topic in log})
    lane, polled = _lane(database), dict.fromkeys(log, 0)
    while left := [topic for topic in log if polled[topic] < len(log[topic])]:
        if chance.randrange(9) == 0:
            lane, polled = _lane(database), {topic: _place(log, topic, database) for topic in log}
            continue
        topic = chance.choice(left)
        border = polled[topic] + chance.randint(1, 7)
        lane.receive(log[topic][polled[topic] : border])
        polled[topic] = min(border, len(log[topic]))
        for _ in range(chance.randint(0, 9)):
            _fold_one(lane, database, chance)
    while _fold_one(lane, database, chance):
        pass
    return database


def _place(log: Log, topic: str, database: Database) -> int:
    next_offset = database.positions[topic].next_offset
    return sum(entry.record.offset < next_offset for entry in log[topic])


def _lane(database: Database) -> Lane:
    return Lane(0, SERVICE.consumes, database.positions, ClockKind.simulated)


def _fold_one(lane: Lane, database: Database, chance: Random) -> bool:
    batch = lane.next_batch(chance.randint(1, 9))
    if batch:
        lane.done(database.run(batch, chance.randint(1, 3)))
    return batch is not None


def at_once(log: Log) -> Database:
    """Everything polled, then folded in one batch."""
    database = Database({topic: Position(0) for topic in log})
    lane = _lane(database)
    for entries in log.values():
        lane.receive(entries)
    while batch := lane.next_batch(1_000_000):
        lane.done(database.run(batch, 1_000_000))
    return database


_HOURS = st.integers(0, 40).map(lambda quarters: quarters / 4)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Orders and losses, said out of order within reason; both topics end by reaching one moment."""
    orders = draw(st.lists(st.tuples(st.sampled_from(CUSTOMERS), _HOURS), max_size=12))
    losses = draw(st.lists(st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, 11), _HOURS), max_size=8))
    told = [placed(customer_id, f"o{number}", hour) for number, (customer_id, hour) in enumerate(orders)]
    gone = [lost(customer_id, f"o{order}", hour) for customer_id, order, hour in losses]
    gone = list({event.id: event for event in gone}.values())
    return {ORDERS: _marked(draw, ORDERS, told), SHIPMENTS: _marked(draw, SHIPMENTS, gone)}


def _marked(draw: st.DrawFn, topic: str, events: Sequence[Event[Any]]) -> list[Entry]:
    """Now and then the publisher says what time it is: never less than before."""
    said: list[Event[Any]] = []
    for event in events:
        said.append(event)
        if draw(st.booleans()):
            said.append(_time(topic, max(one.time for one in said)))
    said.append(_time(topic, at(20)))
    return [Entry.of(RawRecord(topic, 0, 2 * place, 0, b"k", b"", ()), event) for place, event in enumerate(said)]


def _time(topic: str, moment: datetime) -> Event[Any]:
    identity = f"{topic}-{moment}"
    return Event(id=identity, source="/shop", time=moment, data=TimeReached(at=moment), correlation_id=identity)


@given(logs(), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_the_same_log_gives_the_same_folds_and_deadlines(log: Log, seed: int) -> None:
    expected, found = at_once(log), turned(log, Random(seed))
    assert found.folds == expected.folds
    assert found.deadlines == expected.deadlines
    assert found.positions == expected.positions
