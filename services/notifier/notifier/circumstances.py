"""What is true about a customer's orders and issues: what has to be known to decide again at sending.

A projection of other services' facts without anything personal. Knows no message.
"""

from datetime import datetime
from enum import IntEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from contracts.orders import Issue as IssueSaid
from contracts.orders import Resolution
from contracts.vocabulary import IssueKind, Severity
from notifier.evidence import kept, material_of
from notifier.kinds import Concern


class Stage(IntEnum):
    """How far an order is; never goes back."""

    known = 0
    confirmed = 1
    shipped = 2
    delivered = 3
    cancelled = 4


class Issue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An issue as it was last said."""

    order_id: str
    kind: IssueKind
    severity: Severity
    known: str
    """As the orders-listener says it, in English; of a disruption, as staff wrote it."""
    evidence: dict[str, str] = {}
    """Of it, what words use (evidence.py)."""
    promised_by: datetime | None = None
    expected_by: datetime | None = None
    told_by: datetime | None = None
    said_at: datetime
    resolution: Resolution | None = None
    told: bool = False
    """Its opening was given to the mail server, or is about to be."""
    telling_failed: bool = False
    """It was said that nobody could be told in time."""

    @property
    def open(self) -> bool:
        """Nothing has ended it yet."""
        return self.resolution is None

    def worse_than(self, other: "Issue") -> bool:
        """Whether it hurts more than `other`."""
        ranks = list(Severity)
        return ranks.index(self.severity) > ranks.index(other.severity)

    @property
    def promise(self) -> str:
        """What tells the promise that it is about from others of the same order."""
        return _text(self.promised_by) or "none"

    def content(self) -> dict[str, Any]:
        """What the words of a message about it may use."""
        return {
            "issue_kind": str(self.kind),
            "severity": str(self.severity),
            "known": self.known,
            "promised_by": _text(self.promised_by),
            "expected_by": _text(self.expected_by),
            "resolution": self.resolution and str(self.resolution),
            **material_of(self.evidence, self.promised_by),
        }


class Said(Struct, frozen=True, omit_defaults=True):
    """Something that was given to the mail server, or is about to be."""

    concern: Concern
    at: datetime
    sorry: bool = False
    """It holds an apology."""


class Circumstances(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer's orders and issues, by id."""

    orders: dict[str, Stage] = {}
    issues: dict[str, Issue] = {}
    lately_said: dict[str, Said] = {}
    """What was lately said, by message."""
    warned: dict[str, str] = {}
    """The promise that somebody was warned of, by order."""
    asked_in: str | None = None
    """The message that asked, once, on which channel and when they would rather hear from us."""
    tier: str | None = None
    """As the loyalty service names it."""
    tier_since: datetime | None = None

    def stage_of(self, order_id: str | None) -> Stage:
        """How far the order is, as far as anybody said."""
        return self.orders.get(order_id or "", Stage.known)

    def with_order(self, order_id: str, stage: Stage) -> "Circumstances":
        """The order is at least that far."""
        if stage <= self.stage_of(order_id):
            return self
        return replace(self, orders={**self.orders, order_id: stage})

    def with_issue(self, issue_id: str, issue: Issue) -> "Circumstances":
        """The issue as it is now."""
        return replace(self, issues={**self.issues, issue_id: issue})

    def with_tier(self, tier: str, at: datetime) -> "Circumstances":
        """The customer is in that tier since then, unless something later is known."""
        if self.tier_since is not None and at <= self.tier_since:
            return self
        return replace(self, tier=tier, tier_since=at)

    def with_said(self, message_id: str, said: Said) -> "Circumstances":
        """One message more was said."""
        return replace(self, lately_said={**self.lately_said, message_id: said})

    def without_said(self, message_id: str) -> "Circumstances":
        """It was not said after all."""
        if message_id not in self.lately_said:
            return self
        return replace(self, lately_said={one: said for one, said in self.lately_said.items() if one != message_id})

    def unasked(self, message_id: str) -> "Circumstances":
        """That message did not reach them: if it was to ask, the next one asks."""
        return replace(self, asked_in=None) if self.asked_in == message_id else self

    def with_warning(self, order_id: str, promise: str | None) -> "Circumstances":
        """Somebody was warned that this promise of the order may be missed; None: of none."""
        others = {one: warned for one, warned in self.warned.items() if one != order_id}
        return replace(self, warned=others if promise is None else {**others, order_id: promise})

    @property
    def last_trouble_ended_at(self) -> datetime | None:
        """When the latest issue ended that the customer was told of."""
        return max((issue.said_at for issue in self.issues.values() if issue.told and not issue.open), default=None)

    @property
    def troubled(self) -> bool:
        """Whether any issue of this customer is open."""
        return any(issue.open for issue in self.issues.values())


def issue_as_said(fact: IssueSaid, at: datetime, known: Issue | None) -> Issue:
    """The issue as the orders-listener says it at `at`; what we told about it before stays."""
    return Issue(
        order_id=fact.order_id,
        kind=fact.kind,
        severity=fact.severity,
        known=fact.known,
        evidence=kept(fact.evidence),
        promised_by=fact.promised_by,
        expected_by=fact.expected_by,
        told_by=fact.told_by,
        said_at=at,
        resolution=getattr(fact, "resolution", None),
        told=known is not None and known.told,
        telling_failed=known is not None and known.telling_failed,
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
