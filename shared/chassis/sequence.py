"""One sequence of events and due deadlines, folded customer by customer. Pure.

Before an event at 14:00 is folded, the deadlines until 14:00 have been; at the same moment the event comes first.
A fold may set a deadline that is due within the same sequence; it takes its place there.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from chassis.errors import Rejected
from chassis.items import Command, Due, Item
from chassis.outcomes import Outcome, SetDeadline
from contracts import Event

Key = tuple[str, str, str]
"""Customer, kind, subject: what names a deadline."""

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Refused:
    """An item that was not applied, and why. Events are parked; a deadline waits where it is."""

    item: Item
    reason: str
    detail: str
    error: Exception | None = None


@dataclass(frozen=True)
class Block:
    """Why a customer's later items wait."""

    reason: str
    by: str


@dataclass
class Folded:
    """What a sequence led to."""

    accounts: dict[str, Any]
    outcomes: list[tuple[Item, Outcome]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)
    """Customers blocked by this sequence."""
    deadlines: dict[Key, Due | None] = field(default_factory=dict)
    """Every deadline that changed: as it is now, or None where there is none any more."""
    changed: set[str] = field(default_factory=set)
    """Customers whose account is another one now."""


Fold = Callable[[Any, Item], tuple[Any, Outcome]]


class DeadlineLoop(Exception):
    """A fold set the deadline that woke it, for a moment that is not later."""


def fold_sequence(
    fold: Fold,
    accounts: Mapping[str, Any],
    items: Sequence[Event[Any] | Command[Any]],
    deadlines: Iterable[Due] = (),
    *,
    before: datetime = LONG_AGO,
    blocked: Iterable[str] = (),
    moments: Iterable[datetime] | None = None,
) -> Folded:
    """Fold `items` in their order, and between them the deadlines due strictly before `before`.

    `accounts` holds every customer of the items and deadlines. Customers in `blocked` get nothing: their events
    are refused with reason `behind_blocked`, their deadlines wait. `moments` says for each item how far time has
    come when it is folded (the latest `at` so far, unless somebody knows of more).
    """
    run = _Run(fold, Folded(dict(accounts)), before, set(blocked))
    for due in deadlines:
        run.wait_for(due)
    for item, moment in zip(items, moments or accumulate((item.at for item in items), max), strict=True):
        if run.heap:
            run.fire_until(moment)
        run.take(item)
    run.fire_until(before)
    return run.folded


@dataclass
class _Run:
    fold: Fold
    folded: Folded
    before: datetime
    blocked: set[str]
    waiting: dict[Key, Due] = field(default_factory=dict)
    heap: list[tuple[datetime, Key]] = field(default_factory=list)

    def wait_for(self, due: Due) -> None:
        key = (due.customer_id, due.kind, due.subject)
        self.waiting[key] = due
        if due.due_at < self.before:
            heapq.heappush(self.heap, (due.due_at, key))

    def fire_until(self, moment: datetime) -> None:
        """Fold the waiting deadlines that are due before `moment`."""
        while self.heap and self.heap[0][0] < moment:
            due_at, key = heapq.heappop(self.heap)
            due = self.waiting.get(key)
            if due is None or due.due_at != due_at or due.customer_id in self.blocked:
                continue  # cleared or moved by an earlier item, or its customer waits
            del self.waiting[key]
            self.folded.deadlines[key] = None
            if not self.take(due):
                self.waiting[key] = due
                del self.folded.deadlines[key]

    def take(self, item: Item) -> bool:
        """Fold one item; whether it was applied."""
        folded, customer_id = self.folded, item.customer_id
        if customer_id in self.blocked:
            folded.refused.append(Refused(item, "behind_blocked", "an earlier event of this customer is parked"))
            return False
        try:
            before = folded.accounts[customer_id]
            account, outcome = self.fold(before, item)
            if outcome.deadlines:
                self._schedule(item, outcome)
        except Rejected as error:
            self._refuse(Refused(item, error.code, error.message, error), blocks=error.blocks or isinstance(item, Due))
            return False
        except Exception as error:  # noqa: BLE001 a bug in one fold must not stop the others; see Folded.refused
            self._refuse(Refused(item, "fold_failed", type(error).__name__, error), blocks=True)
            return False
        if account is not before:
            folded.accounts[customer_id] = account
            folded.changed.add(customer_id)
        folded.outcomes.append((item, outcome))
        return True

    def _refuse(self, refused: Refused, *, blocks: bool) -> None:
        self.folded.refused.append(refused)
        if blocks:
            customer_id = refused.item.customer_id
            self.blocked.add(customer_id)
            self.folded.blocks[customer_id] = Block(refused.reason, refused.item.id)

    def _schedule(self, item: Item, outcome: Outcome) -> None:
        for change in outcome.deadlines:
            key = (item.customer_id, change.kind, change.subject)
            if not isinstance(change, SetDeadline):
                self.waiting.pop(key, None)
                self.folded.deadlines[key] = None
                continue
            if isinstance(item, Due) and change.due_at <= item.due_at and (item.kind, item.subject) == key[1:]:
                raise DeadlineLoop(f"{change.kind} sets itself for {change.due_at.isoformat()}")
            due = Due(
                customer_id=item.customer_id,
                kind=change.kind,
                subject=change.subject,
                due_at=change.due_at,
                set_by=root_of(item),
                correlation_id=item.correlation_id,
                traceparent=item.traceparent,
            )
            self.folded.deadlines[key] = due
            self.wait_for(due)


def root_of(item: Item) -> str:
    """The event or command that an item goes back to: itself, or what set the deadline."""
    return item.set_by if isinstance(item, Due) else item.id
