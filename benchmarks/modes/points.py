"""Loyalty's rules as somebody would write them for one loop: on a mutable member and order, straight into rows.

Leads to the same rows as the service's pure rules for the facts that the benchmark says. Knows no SQL; the members it
changes may be plain objects or objects of an ORM.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from benchmarks.modes.outgoing import COLUMNS, Cause, row
from contracts.ids import derived_id
from contracts.loyalty import (
    GoodwillGranted,
    PointsClawedBack,
    PointsEarned,
    PointsVested,
    TierLost,
    TierReached,
)
from contracts.money import minor_per_unit

SOURCE = "/rapport/loyalty"
LATE_POINTS = 100
TIERS = (("bronze", 0), ("silver", 500), ("gold", 2_000))

MOVES = {
    "earned": ("earned", "programme:earned", "member:pending", 1, 0, 0),
    "vested": ("vested", "member:pending", "member:available", -1, 1, 1),
    "taken_back_pending": ("clawed_back", "member:pending", "programme:earned", -1, 0, 0),
    "taken_back_vested": ("clawed_back", "member:available", "programme:earned", 0, -1, -1),
    "goodwill": ("goodwill", "programme:goodwill", "member:available", 0, 1, 0),
}
"""Kind, source, destination; what one point does to pending, available and qualifying points."""


class Said(NamedTuple):
    """One event: its envelope, its fact, and where it lay."""

    type: str
    id: str
    source: str
    at: datetime
    correlation_id: str
    traceparent: str
    fact: Any
    partition: int


class Member(Protocol):
    """A row of `accounts`."""

    customer_id: str
    available_points: int
    pending_points: int
    qualifying_points: int
    tier: str | None
    postings: int


class Order(Struct, omit_defaults=True):
    """The document of a row of `order_points`."""

    order_id: str
    rate: tuple[int, int] | None = None
    lines: dict[str, list[int]] = {}
    """Paid minor units, points held, refunded minor units."""
    refunds: dict[str, dict[str, int]] = {}
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    vested: bool = False
    late_issue_ids: list[str] = []


class Rows:
    """What many events leave, as tuples in the order of the columns."""

    def __init__(self) -> None:
        self.postings: list[tuple[Any, ...]] = []
        self.decisions: list[tuple[Any, ...]] = []
        self.outbox: list[tuple[Any, ...]] = []
        self.goodwill: list[tuple[Any, ...]] = []


POSTINGS = (
    "customer_id", "number", "kind", "source", "destination", "points", "reference", "order_id", "cause_id", "at",
)  # fmt: skip
DECISIONS = (
    "customer_id", "subject", "rule", "version", "outcome", "reason", "at", "cause_kind", "cause_id", "root_id",
    "correlation_id", "detail",
)  # fmt: skip
OUTBOX = COLUMNS
GOODWILL = ("customer_id", "goodwill_id", "points", "reason", "order_id", "issue_id", "request_id", "at")

_json = msgspec.json.Encoder().encode


class Step:
    """One event at work on one member and one order."""

    __slots__ = ("facts", "member", "order", "rows", "said")

    def __init__(self, said: Said, member: Member, order: Order, rows: Rows) -> None:
        self.said, self.member, self.order, self.rows = said, member, order, rows
        self.facts: list[str] = []

    def post(self, move: str, points: int, reference: str) -> None:
        kind, source, destination, pending, available, qualifying = MOVES[move]
        member, said = self.member, self.said
        member.pending_points += pending * points
        member.available_points += available * points
        member.qualifying_points += qualifying * points
        member.postings += 1
        self.rows.postings.append(
            (
                member.customer_id, member.postings, kind, source, destination, points, reference,
                self.order.order_id, said.id, said.at,
            )
        )  # fmt: skip

    def decide(self, subject: str, rule: str, outcome: str, reason: str, **detail: Any) -> None:
        said = self.said
        self.rows.decisions.append(
            (
                self.member.customer_id, subject, rule, "1", outcome, reason, said.at, "event", said.id, said.id,
                said.correlation_id, _json(detail).decode(),
            )
        )  # fmt: skip

    def say_points(self, moved: type[Any], points: int, subject: str, **about: Any) -> None:
        member = self.member
        fact = moved(
            customer_id=member.customer_id,
            occurred_at=self.said.at,
            points=points,
            available_points=member.available_points,
            pending_points=member.pending_points,
            **about,
        )
        self.say(fact, subject)

    def say(self, fact: Any, subject: str) -> None:
        said = self.said
        _, trace_id, _, flags = said.traceparent.split("-")
        time = said.at.isoformat()[: -len("+00:00")] + "Z"
        cause = Cause(said.id, said.source, time, said.correlation_id, trace_id, flags, said.partition)
        self.rows.outbox.append(row(SOURCE, cause, fact, subject, self.facts))


def fold(step: Step) -> bool:
    """Whether the event was new to its order; then its rows are there and member and order are changed."""
    member = step.member
    available, qualifying, tier = member.available_points, member.qualifying_points, member.tier
    if not RULES[step.said.type](step, step.said.fact):
        return False
    _review_debt(step, available)
    if member.qualifying_points != qualifying:
        _review_tier(step, tier or TIERS[0][0])
    return True


def _confirm(step: Step, fact: Any) -> bool:
    order = step.order
    if order.rate is not None:
        return False
    order.rate = (1, minor_per_unit(fact.currency))
    for line in fact.lines:
        points = line.paid_minor // order.rate[1]
        order.lines[line.line_id] = [line.paid_minor, points, 0]
        if points:
            step.post("earned", points, f"earned {order.order_id} {line.line_id}")
    earned = _held(order)
    if earned:
        step.say_points(PointsEarned, earned, order.order_id, order_id=order.order_id)
        step.decide(order.order_id, "earning", "earned", "order_confirmed", points=earned)
    else:
        step.decide(order.order_id, "earning", "not_earned", "nothing_to_earn")
    for refund_id in order.refunds:
        _take_back_refund(step, refund_id)
    if order.cancelled_at:
        _take_back_all(step)
    if order.completed_at:
        _vest(step)
    return True


def _deliver(step: Step, fact: Any) -> bool:
    if step.order.delivered_at:
        return False
    step.order.delivered_at = fact.occurred_at
    return True


def _complete(step: Step, fact: Any) -> bool:
    if step.order.completed_at:
        return False
    step.order.completed_at = fact.occurred_at
    if step.order.rate is not None:
        _vest(step)
    return True


def _vest(step: Step) -> None:
    order = step.order
    order.vested = True
    points = _held(order)
    if points:
        step.post("vested", points, f"vested {order.order_id}")
        step.say_points(PointsVested, points, order.order_id, order_id=order.order_id)


def _refund(step: Step, fact: Any) -> bool:
    order = step.order
    if fact.refund_id in order.refunds:
        return False
    order.refunds[fact.refund_id] = {line.line_id: line.amount_minor for line in fact.lines}
    if order.rate is None:
        step.decide(fact.refund_id, "claw_back", "remembered", "order_not_confirmed", order_id=order.order_id)
    else:
        _take_back_refund(step, fact.refund_id)
    return True


def _take_back_refund(step: Step, refund_id: str) -> None:
    order = step.order
    refunded = {line_id: minor for line_id, minor in order.refunds[refund_id].items() if line_id in order.lines}
    taken = {line_id: _reduce(order, line_id, minor) for line_id, minor in refunded.items()}
    points = _take(step, taken, f"refunded {order.order_id} {refund_id}")
    if points:
        about = {"order_id": order.order_id, "refund_id": refund_id}
        step.say_points(PointsClawedBack, points, order.order_id, **about)
        step.decide(refund_id, "claw_back", "taken_back", "line_refunded", order_id=order.order_id, points=points)
    else:
        step.decide(refund_id, "claw_back", "kept", _why_kept(order, refund_id, refunded), order_id=order.order_id)
    over_minor = sum(max(0, order.lines[line_id][2] - order.lines[line_id][0]) for line_id in refunded)
    if over_minor:
        step.decide(
            refund_id, "over_refund", "clamped", "more_than_paid", order_id=order.order_id, over_minor=over_minor
        )


def _reduce(order: Order, line_id: str, minor: int) -> int:
    """Points taken from one line by a refund of so much."""
    line, (_, unit) = order.lines[line_id], order.rate or (0, 1)
    line[2] += minor
    kept = min(line[1], max(0, line[0] - line[2]) // unit)
    taken, line[1] = line[1] - kept, kept
    return taken


def _why_kept(order: Order, refund_id: str, known: dict[str, int]) -> str:
    if not order.refunds[refund_id]:
        return "refund_without_lines"
    if not known:
        return "line_unknown"
    return "less_than_a_point" if any(order.lines[line_id][1] for line_id in known) else "nothing_held"


def _cancel(step: Step, fact: Any) -> bool:
    if step.order.cancelled_at:
        return False
    step.order.cancelled_at = fact.occurred_at
    if step.order.rate is not None:
        _take_back_all(step)
    return True


def _take_back_all(step: Step) -> None:
    order, taken = step.order, {}
    for line_id, line in order.lines.items():
        taken[line_id], line[1] = line[1], 0
    points = _take(step, taken, f"cancelled {order.order_id}")
    if points:
        step.say_points(PointsClawedBack, points, order.order_id, order_id=order.order_id)
        step.decide(order.order_id, "claw_back", "taken_back", "order_cancelled", points=points)


def _take(step: Step, taken: dict[str, int], reference: str) -> int:
    move = "taken_back_vested" if step.order.vested else "taken_back_pending"
    for line_id, points in taken.items():
        if points:
            step.post(move, points, f"{reference} {line_id}")
    return sum(taken.values())


def _make_good(step: Step, fact: Any) -> bool:
    order, said, customer_id = step.order, step.said, step.member.customer_id
    if fact.issue_id in order.late_issue_ids:
        return False
    order.late_issue_ids = [*order.late_issue_ids, fact.issue_id]
    if len(order.late_issue_ids) > 1:
        step.decide(fact.issue_id, "goodwill", "refused", "order_already_made_good", order_id=order.order_id)
        return True
    goodwill_id = derived_id("goodwill", customer_id, "late", order.order_id)
    step.rows.goodwill.append(
        (customer_id, goodwill_id, LATE_POINTS, "delivery_late", order.order_id, fact.issue_id, None, said.at)
    )
    step.post("goodwill", LATE_POINTS, f"late {order.order_id}")
    about = {"goodwill_id": goodwill_id, "order_id": order.order_id, "issue_id": fact.issue_id}
    step.say_points(GoodwillGranted, LATE_POINTS, goodwill_id, **about, reason="delivery_late")
    step.decide(fact.issue_id, "goodwill", "granted", "delivery_late", points=LATE_POINTS)
    return True


def _review_debt(step: Step, available_before: int) -> None:
    available = step.member.available_points
    if (available < 0) == (available_before < 0):
        return
    outcome, reason = ("allowed", "spent_before_taken_back") if available < 0 else ("settled", "paid_off_by_points")
    step.decide(step.member.customer_id, "negative_balance", outcome, reason, available_points=available)


def _review_tier(step: Step, old: str) -> None:
    member, said = step.member, step.said
    new = next(name for name, threshold in reversed(TIERS) if threshold <= member.qualifying_points)
    if new == old:
        return
    member.tier = new
    ranks = [name for name, _ in TIERS]
    up = ranks.index(new) > ranks.index(old)
    told = TierReached if up else TierLost
    step.say(told(customer_id=member.customer_id, occurred_at=said.at, tier=new, previous=old), member.customer_id)
    step.decide(
        member.customer_id, "tier", "reached" if up else "lost", new, previous=old,
        qualifying_points=member.qualifying_points,
    )  # fmt: skip


def _held(order: Order) -> int:
    return sum(line[1] for line in order.lines.values())


RULES: dict[str, Callable[[Step, Any], bool]] = {
    "orders.order-confirmed.v1": _confirm,
    "orders.order-delivered.v1": _deliver,
    "orders.order-completed.v1": _complete,
    "orders.order-refunded.v1": _refund,
    "orders.order-cancelled.v1": _cancel,
    "orders.issue-opened.v1": _make_good,
}


def moment(text: str) -> datetime:
    """A CloudEvents time."""
    return datetime.fromisoformat(text).astimezone(UTC)
