"""What was seen, as figures, and what is required of them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from deploy.local.rehearse.crew import Replaced
from deploy.local.rehearse.watch import Asked, Partition, Probe

PAUSE_S, HANDOVER_S = 10.0, 3.0
KILLED_AFTER_SESSION_S = 5.0
BROKER_BACK_S, DATABASE_BACK_S = 15.0, 10.0
"""Required: see the page of operations."""

Moves = Mapping[Partition, Sequence[float]]
"""When each partition was seen to move."""
Span = tuple[float, float]


def longest_pause_s(moves: Moves, span: Span) -> tuple[float, Partition | None]:
    """The longest time for which a partition stood still, and which one."""
    pauses = ((_longest(times, span), partition) for partition, times in moves.items())
    return max(pauses, default=(0.0, None))


def _longest(times: Sequence[float], span: Span) -> float:
    inside = [span[0], *(at for at in times if span[0] < at < span[1]), span[1]]
    return max(later - earlier for earlier, later in pairwise(inside))


def resumed_after_s(moves: Moves, since_s: float, services: Iterable[str] = ()) -> float | None:
    """How long after a moment every partition of these services (of all) has moved; None: some never did."""
    wanted = set(services)
    firsts = [
        next((at - since_s for at in times if at > since_s), None)
        for (service, _), times in moves.items()
        if not wanted or service in wanted
    ]
    found = [first for first in firsts if first is not None]
    return max(found) if firsts and len(found) == len(firsts) else None


def handover_s(moves: Moves, replaced: Replaced) -> float | None:
    """From SIGTERM until all partitions of the service move without the one that left."""
    after = resumed_after_s(moves, replaced.ended_at_s, [replaced.service])
    return None if after is None else after + replaced.ended_at_s - replaced.asked_at_s


def of_probes(probes: Sequence[Probe], span: Span) -> dict[str, Any]:
    """How often liveness failed, and why who was not ready said so."""
    inside = [probe for probe in probes if span[0] <= probe.at_s <= span[1]]
    unready = [probe for probe in inside if probe.is_alive and not probe.is_ready]
    return {
        "probes": len(inside),
        "liveness_failures": [f"{probe.member}: {probe.reason}" for probe in inside if not probe.is_alive],
        "not_ready": len(unready),
        "reasons": sorted({str(probe.reason) for probe in unready}),
    }


def of_answers(answers: Sequence[Asked], span: Span) -> dict[str, Any]:
    """How often which status was answered; every 503 has to be a problem that says when to ask again."""
    inside = [asked for asked in answers if span[0] <= asked.at_s <= span[1]]
    statuses = sorted({asked.status for asked in inside})
    bare = [a for a in inside if a.status == 503 and not (a.retry_after and "problem+json" in a.media_type)]
    return {
        "answers": {str(status): sum(asked.status == status for asked in inside) for status in statuses},
        "without_retry_after": len(bare),
        "wrong": sorted({f"{a.member}: {a.status} {a.media_type}" for a in inside if a.status not in (200, 503)}),
    }


def rounded(figures: Any) -> Any:
    """Fit to be read."""
    match figures:
        case float():
            return round(figures, 2)
        case dict():
            return {name: rounded(value) for name, value in figures.items()}
        case list() | tuple():
            return [rounded(value) for value in figures]
    return figures
