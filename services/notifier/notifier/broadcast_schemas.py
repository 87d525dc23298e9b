"""How far a broadcast is, and what staff says to it, as HTTP bodies."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from notifier.broadcasts import FASTEST, SLOWEST, Broadcast
from notifier.messages import State

_STEP = {"step": "stop", "per_second": None, "actor": "care:eve", "at": "2026-11-23T09:14:02Z"}
STOPPED: dict[str, Any] = {
    "broadcast_id": "d6b2c3d5-1d0a-5c9e-8a55-3e0d3c1a7f10",
    "state": "stopped",
    "per_second": 50.0,
    "heard_at": "2026-11-23T09:12:40Z",
    "stopped_at": "2026-11-23T09:14:02Z",
    "done_at": None,
    "customers": 98_112,
    "intended": 100_000,
    "kinds": {"issue_opened": 100_000},
    "waiting": 0,
    "held": 9_200,
    "held_by_reason": {"quiet_hours": 9_100, "waiting_for_contact": 100},
    "next_held_until": "2026-11-24T07:00:00Z",
    "ready": 84_990,
    "sending": 0,
    "joined": 1_500,
    "sent": 4_100,
    "failed": 10,
    "failed_by_reason": {"refused": 10},
    "unknown": 0,
    "not_told": 200,
    "not_told_by_reason": {"consent_withdrawn": 200},
    "paces": [{"channel": "email", "told": 4_100, "per_second": 48.7}],
    "steps": [_STEP],
}
GOING = STOPPED | {"state": "going", "stopped_at": None, "done_at": "2026-11-23T09:42:22Z", "steps": []}
BROADCASTS = [GOING]
ACTOR = Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7E]+$", examples=["care:eve"])


class SteeringIn(BaseModel):
    """Who stops it or lets it go on."""

    model_config = ConfigDict(extra="forbid")

    actor: str = ACTOR


class PaceIn(BaseModel):
    """How fast it may go; null: as usual."""

    model_config = ConfigDict(extra="forbid")

    actor: str = ACTOR
    per_second: float | None = Field(
        ge=SLOWEST, le=FASTEST, examples=[20.0], description="Messages in a second; null: as the setting says"
    )


class StepBody(BaseModel):
    """One thing that staff did."""

    step: str
    per_second: float | None
    actor: str
    at: datetime


class PaceBody(BaseModel):
    """How fast it goes on one channel."""

    channel: str
    told: int = Field(description="Taken by the provider so far")
    per_second: float = Field(description="Over this minute and the last")


class BroadcastBody(BaseModel):
    """Each of its messages is waiting, held, ready, sending, joined, sent, failed, unknown or not told."""

    broadcast_id: str = Field(description="Of a disruption: its id")
    state: Literal["going", "stopped", "done"]
    per_second: float = Field(description="So many leave in a second at most")
    heard_at: datetime
    stopped_at: datetime | None
    done_at: datetime | None = Field(description="When those will have left that are not held")
    customers: int
    intended: int = Field(description="All its messages")
    kinds: dict[str, int]
    waiting: int = Field(description="About to be decided")
    held: int
    held_by_reason: dict[str, int]
    next_held_until: datetime | None = Field(description="When the first of those held is decided again")
    ready: int = Field(description="Decided; waiting for the pace, or for the broadcast to be resumed")
    sending: int
    joined: int = Field(description="About to leave inside of another message of the same broadcast")
    sent: int
    failed: int
    failed_by_reason: dict[str, int]
    unknown: int
    not_told: int
    not_told_by_reason: dict[str, int]
    paces: list[PaceBody]
    steps: list[StepBody] = Field(description="What staff did, the latest first")

    @classmethod
    def of(cls, found: Broadcast, now: datetime) -> "BroadcastBody":
        """As it is at this moment."""
        kinds: dict[str, int] = {}
        for one in found.counts:
            kinds[one.kind] = kinds.get(one.kind, 0) + one.number
        return cls(
            broadcast_id=found.broadcast_id,
            state=_state(found),
            per_second=found.per_second,
            heard_at=found.heard_at,
            stopped_at=found.stopped_at,
            done_at=found.done_at(now),
            customers=found.customers,
            intended=found.intended,
            kinds=kinds,
            waiting=found.number(State.intended),
            held=found.number(State.held),
            held_by_reason=found.reasons(State.held),
            next_held_until=found.next_held_until,
            ready=found.number(State.ready),
            sending=found.number(State.sending),
            joined=found.number(State.joined),
            sent=found.number(State.sent),
            failed=found.number(State.failed),
            failed_by_reason=found.reasons(State.failed),
            unknown=found.number(State.unknown),
            not_told=found.number(State.suppressed),
            not_told_by_reason=found.reasons(State.suppressed),
            paces=[PaceBody(channel=one.channel, told=one.told, per_second=one.per_second) for one in found.paces],
            steps=[
                StepBody(step=one.step, per_second=one.per_second, actor=one.actor, at=one.at) for one in found.steps
            ],
        )


def _state(found: Broadcast) -> Literal["going", "stopped", "done"]:
    if found.stopped_at is not None:
        return "stopped"
    return "going" if found.open else "done"
