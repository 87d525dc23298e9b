"""One transaction per batch: what one poll brought for one partition, with the deadlines that are due.

Positions move by compare-and-set, unreadable records are parked, repetitions found in the inbox, customers locked,
items folded and saved, facts put into the outbox, all or nothing. `applied + duplicate + parked + ignored` is what
was consumed, always.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import compress, takewhile
from typing import Any

from chassis import customers, deadlines, inbox, outbox, parked, positions
from chassis.applying import apply_apart, apply_together
from chassis.items import Due, Item
from chassis.outcomes import Outcome
from chassis.publishing import time_reached
from chassis.reading import Entry
from chassis.sequence import LONG_AGO, Folded, Refused
from chassis.service import Service, Tx

NEWEST_SHARE = 10
"""With the real clock, where more deadlines are due than one transaction takes, a tenth as many are the newest ones:
what comes now does not wait until everything is over that came together before."""


class PositionsMoved(Exception):
    """Another owner has taken this partition further: nothing of this batch may count."""


@dataclass(frozen=True)
class Batch:
    """What is to be done for one partition in one transaction."""

    partition: int
    entries: Sequence[Entry]
    """In the order in which they are folded; each topic's own order is kept."""
    moments: Sequence[datetime]
    """For each entry, how far the partition's time has come when it is folded; never falls."""
    expected: Mapping[str, int]
    """Per topic, the stored next offset that `entries` were read after."""
    before: datetime = LONG_AGO
    """Deadlines due before this moment are folded."""
    time_reached: bool = False
    """Simulated time: say on our own topic that `before` has been reached, once it is settled."""
    in_order: bool = True
    """Simulated time: no event is folded before anybody's earlier deadline. With the real clock only those of its own
    customer come first, so that nobody waits for very many deadlines of others."""

    def until(self, moment: datetime) -> "Batch":
        """The part of it that comes before `moment`."""
        if moment >= self.before:
            return self
        moments = list(takewhile(lambda known: known < moment, self.moments))
        entries = self.entries[: len(moments)]
        return replace(self, entries=entries, moments=moments, before=moment, time_reached=False)


@dataclass
class Report:
    """What a batch did, for metrics and the loop."""

    next_offsets: dict[str, int]
    settled_at: datetime | None
    time_moved: bool = False
    """This batch settled a later moment than the one before."""
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    deadlines: int = 0
    outcomes: Sequence[tuple[Item, Outcome]] = ()
    """What became of every item, in fold order."""
    more_due: bool = False
    """The batch was cut because too many deadlines were due; the rest of it is to be asked for again."""
    refused: list[Refused] = field(default_factory=list)


@dataclass
class _Sorted:
    """The entries of a batch by what becomes of them."""

    tallies: dict[str, Counter[str]]
    for_others: frozenset[str]
    """Topics whose unreadable records are parked without their bytes."""
    markers: list[Entry] = field(default_factory=list)
    events: list[Entry] = field(default_factory=list)
    """Each id once."""
    moments: list[datetime] = field(default_factory=list)
    """For each of `events`, how far time has come when it is folded."""
    repeats: list[Entry] = field(default_factory=list)
    """Events whose id stands in the same batch before."""
    parkings: list[parked.Parking] = field(default_factory=list)

    def count(self, entries: Iterable[Entry], fate: str) -> None:
        for topic, number in Counter([entry.record.topic for entry in entries]).items():
            self.tallies[topic][fate] += number

    def park(self, entry: Entry, reason: str, detail: str) -> None:
        event = entry.event
        customer_id = event.customer_id if event else _customer_of_key(entry.record.key)
        is_withheld = event is None and entry.record.topic in self.for_others
        record = parked.without_bytes(entry.record) if is_withheld else entry.record
        self.parkings.append(parked.Parking(record, reason, detail, customer_id, event.id if event else None))
        self.count([entry], "parked")


def _customer_of_key(key: bytes | None) -> str | None:
    try:
        return key.decode().replace("\x00", "")[:128] if key else None
    except UnicodeDecodeError:
        return None


async def run(tx: Tx, service: Service, batch: Batch, *, most_due: int = 1_000, isolate: bool = False) -> Report:
    """Do the whole batch inside `tx`. Raises `PositionsMoved`; other errors leave everything to a rollback.

    Of more than `most_due` deadlines the earliest are folded, with the entries before them; what one customer has at
    the last of their moments stays together. `isolate` saves customer by customer behind savepoints and parks those
    whose items cannot be saved.
    """
    stored = await _expected_positions(tx, batch)
    waking = await _waking(tx, batch, most_due)
    more_due = waking.settled < batch.before
    if batch.in_order:
        batch = batch.until(waking.until)
    sorted_ = _sort(batch, parked.for_others(service))
    await _drop_repeated(tx, sorted_)
    items: list[Any] = [entry.event for entry in sorted_.events]
    apply = apply_apart if isolate else apply_together
    folded = await apply(
        tx,
        service,
        items,
        waking.customer_ids,
        before=batch.before,
        partition_of=lambda _: batch.partition,
        moments=sorted_.moments,
    )
    _tally(sorted_, folded)
    await parked.park(tx, service, _in_order(batch, sorted_.parkings))
    await customers.block(tx, folded.blocks)
    report = _report(sorted_, batch, stored, folded, settled=waking.settled, more_due=more_due)
    if (
        batch.time_reached and report.time_moved and not more_due
    ):  # said once: an echo would never end where facts flow back
        await _say_time(tx, service, batch)
    advances = _advances(report.next_offsets, sorted_, stored)
    await positions.advance(tx, batch.partition, advances, report.settled_at)
    return report


def _in_order(batch: Batch, parkings: list[parked.Parking]) -> list[parked.Parking]:
    """As they came, whatever was found out first: the order in which they are taken up again."""
    if not parkings:
        return parkings
    places = {(entry.record.topic, entry.record.offset): place for place, entry in enumerate(batch.entries)}
    return sorted(parkings, key=lambda parking: places[parking.record.topic, parking.record.offset])


async def _expected_positions(tx: Tx, batch: Batch) -> dict[str, positions.Position]:
    stored = await positions.positions_of(tx, batch.partition)
    ours = {topic: position for topic, position in stored.items() if topic in batch.expected}
    if {topic: position.next_offset for topic, position in ours.items()} != dict(batch.expected):
        raise PositionsMoved(f"partition {batch.partition}")
    return ours


def _sort(batch: Batch, for_others: frozenset[str]) -> _Sorted:
    found = _Sorted({topic: Counter() for topic in batch.expected}, for_others)
    seen: set[tuple[str, str]] = set()
    ignored: list[Entry] = []
    for entry, moment in zip(batch.entries, batch.moments, strict=True):
        event = entry.event
        if entry.unreadable:
            found.park(entry, entry.unreadable.reason, entry.unreadable.detail)
        elif event is None:
            ignored.append(entry)
        elif entry.marker:
            found.markers.append(entry)
        elif (name := (event.id, event.source)) not in seen:
            seen.add(name)
            found.events.append(entry)
            found.moments.append(moment)
        else:
            found.repeats.append(entry)
    found.count(ignored, "ignored")
    found.count(found.markers, "applied")
    return found


def _repeated(found: _Sorted, entry: Entry, known: Sequence[inbox.Known]) -> None:
    if any(entry.content_hash == one.content_hash for one in known):
        found.count([entry], "duplicate")
    else:
        found.park(entry, "id_reused", "this id was used before, with other content")


def _event(entry: Entry) -> Any:
    return entry.event


async def _drop_repeated(tx: Tx, found: _Sorted) -> None:
    """Leave the events that the inbox did not know; the others are counted or parked.

    What was taken in first decides, however the batches are cut, and not what stands first in this one.
    """
    new = await inbox.take_in(tx, found.events)
    again = [entry for entry, is_new in zip(found.events, new, strict=True) if not is_new] + found.repeats
    if again:
        known = await inbox.known(tx, {_name(entry) for entry in again})
        for entry in again:
            _repeated(found, entry, known[_name(entry)])
        found.events, found.moments = list(compress(found.events, new)), list(compress(found.moments, new))


def _name(entry: Entry) -> tuple[str, str]:
    event = _event(entry)
    return event.id, event.source


async def _waking(tx: Tx, batch: Batch, most_due: int) -> deadlines.Waking:
    if batch.before == LONG_AGO:
        return deadlines.Waking([], LONG_AGO, LONG_AGO)
    waking = await deadlines.waking(tx, batch.partition, batch.before, most_due)
    if batch.in_order or waking.settled >= batch.before:
        return waking
    newest = await deadlines.newest(tx, batch.partition, batch.before, max(1, most_due // NEWEST_SHARE))
    return replace(waking, customer_ids=list(dict.fromkeys([*waking.customer_ids, *newest])))


def _tally(found: _Sorted, folded: Folded) -> None:
    if folded.refused:
        refused = {id(refusal.item): refusal for refusal in folded.refused}
        for entry in found.events:
            refusal = refused.get(id(entry.event))
            if refusal:
                found.park(entry, refusal.reason, refusal.detail)
        found.events = [entry for entry in found.events if id(entry.event) not in refused]
    repeated = {id(item) for item, outcome in folded.outcomes if outcome.duplicate}
    if repeated:
        found.count([entry for entry in found.events if id(entry.event) in repeated], "duplicate")
        found.events = [entry for entry in found.events if id(entry.event) not in repeated]
    found.count(found.events, "applied")


def _report(
    found: _Sorted,
    batch: Batch,
    stored: Mapping[str, positions.Position],
    folded: Folded,
    *,
    settled: datetime,
    more_due: bool,
) -> Report:
    settled_at = next((position.settled_at for position in stored.values()), None)
    time_moved = settled > (settled_at or LONG_AGO)
    return Report(
        next_offsets=_next_offsets(batch),
        settled_at=settled if time_moved else settled_at,
        time_moved=time_moved,
        counts=sum(found.tallies.values(), Counter()),
        reasons=Counter(parking.reason for parking in found.parkings),
        deadlines=sum([type(item) is Due for item, _ in folded.outcomes]),
        outcomes=folded.outcomes,
        more_due=more_due,
        refused=folded.refused,
    )


def _next_offsets(batch: Batch) -> dict[str, int]:
    return dict(batch.expected) | {entry.record.topic: entry.record.offset + 1 for entry in batch.entries}


def _advances(
    next_offsets: Mapping[str, int], found: _Sorted, stored: Mapping[str, positions.Position]
) -> list[positions.Advance]:
    reached = {topic: position.reached_at for topic, position in stored.items()}
    for entry in found.markers:
        marker, topic = entry.marker, entry.record.topic
        if marker:
            reached[topic] = max(reached[topic] or LONG_AGO, marker.at)
    return [
        positions.Advance(
            topic,
            next_offsets[topic],
            reached[topic],
            consumed=sum(found.tallies[topic].values()),
            **found.tallies[topic],
        )
        for topic in sorted(next_offsets)
    ]


async def _say_time(tx: Tx, service: Service, batch: Batch) -> None:
    event = time_reached(service.source, service.topic, batch.partition, batch.before)
    await outbox.put(tx, [outbox.row_of(batch.partition, event, service.topic)])
