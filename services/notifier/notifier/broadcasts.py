"""One thing that many customers are told: which messages are part of it, and what staff may do with it.

A disruption that staff declares is one; its messages are decided like all others, and leave at a pace of their own.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from contracts.orders import Issue
from contracts.vocabulary import Channel, IssueKind
from notifier.messages import State

SLOWEST, FASTEST = 0.01, 10_000.0
"""Messages in a second."""
LEAVING = (State.intended, State.ready, State.sending)
"""Nothing holds them but the pace."""


class Step(StrEnum):
    """What staff did with a broadcast."""

    stop = "stop"
    resume = "resume"
    pace = "pace"


def broadcast_of(fact: Issue) -> str | None:
    """The broadcast that a message about this issue is part of; None where it concerns this customer alone."""
    return fact.evidence.get("disruption_id") if fact.kind is IssueKind.disruption else None


class Steered(Struct, frozen=True, kw_only=True):
    """One thing that staff did."""

    step: Step
    per_second: float | None
    actor: str
    at: datetime


class Pace(Struct, frozen=True, kw_only=True):
    """How fast it goes on one channel."""

    channel: Channel
    told: int
    per_second: float
    """Over this minute and the last."""


class Count(Struct, frozen=True, kw_only=True):
    """So many messages of one kind are in that state for that reason."""

    kind: str
    state: State
    reason: str | None
    number: int


class Broadcast(Struct, frozen=True, kw_only=True):
    """How far a broadcast is."""

    broadcast_id: str
    per_second: float
    """So many of its messages leave in a second at most."""
    stopped_at: datetime | None = None
    heard_at: datetime
    """When we first had something to say of it."""
    customers: int = 0
    next_held_until: datetime | None = None
    """When the first of those is decided again that are held."""
    counts: tuple[Count, ...] = ()
    paces: tuple[Pace, ...] = ()
    steps: tuple[Steered, ...] = ()
    """The latest first."""

    @property
    def intended(self) -> int:
        """All of its messages."""
        return sum(one.number for one in self.counts)

    def number(self, *states: State) -> int:
        """Messages in one of these states."""
        return sum(one.number for one in self.counts if one.state in states)

    def reasons(self, *states: State) -> dict[str, int]:
        """Of the messages in these states, how many for which reason."""
        found: dict[str, int] = {}
        for one in self.counts:
            if one.state in states:
                reason = one.reason or "none"
                found[reason] = found.get(reason, 0) + one.number
        return dict(sorted(found.items()))

    @property
    def left(self) -> int:
        """Messages that nothing holds but the pace."""
        return self.number(*LEAVING)

    def done_at(self, now: datetime) -> datetime | None:
        """When those will have left that are not held; None while it is stopped, and when none is left."""
        if self.stopped_at is not None or not self.left:
            return None
        return now + timedelta(seconds=self.left / self.per_second)

    @property
    def open(self) -> int:
        """Messages of which it is not known yet what becomes of them."""
        return self.number(*LEAVING, State.held, State.joined)

    @property
    def settled_share(self) -> float:
        """How much of it is over, from 0 to 1."""
        return 1 - self.open / self.intended if self.intended else 0.0
