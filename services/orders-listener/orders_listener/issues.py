"""Issues: what is remembered of one, and what is said when it opens, changes and ends.

Owns ids, told_by and the facts about issues. Must not know what makes an issue (troubles.py).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, structs

from contracts.ids import derived_id
from contracts.orders import IssueOpened, IssueResolved, IssueUpdated, Resolution
from contracts.vocabulary import IssueKind, OrderLine, Severity

TOLD_WHILE_PROMISE_HOLDS = timedelta(hours=24)
TOLD_AFTERWARDS = timedelta(hours=4)
LONGEST_SENTENCE = 500
LONGEST_TITLE = 120


class Trouble(Struct, frozen=True, kw_only=True):
    """Something that is wrong with an order by what is known now."""

    kind: IssueKind
    subject: str
    """What it is wrong with: the order, a shipment, a line, one promise or one shortage among several."""
    severity: Severity
    reason: str
    """Stable code for the decision."""
    known: str
    shipment_id: str | None = None
    line_ids: tuple[str, ...] = ()
    expected_next: str | None = None
    expected_by: datetime | None = None
    evidence: dict[str, str] = {}
    snapshot: str = ""
    """The day of the shared numbers that decided, if they did."""
    numbers: dict[str, int] = {}
    """What the rule looked at, for the decision only."""
    actor: str = ""
    """Of staff, who said so; for the decision only."""


class Why(Struct, frozen=True, kw_only=True):
    """What is put on record of a decision."""

    reason: str
    """A stable code."""
    snapshot: str = ""
    """The day of the shared numbers that decided, if they did."""
    numbers: dict[str, int] = {}
    actor: str = ""
    """Of staff, whose word decided."""
    on_record: bool = True
    """Whether the look that found this leaves a trace."""


class Issue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trouble that was opened, once for ever; `resolution` is None while it lasts."""

    issue_id: str
    customer_id: str
    order_id: str
    kind: IssueKind
    subject: str
    severity: Severity
    shipment_id: str | None = None
    line_ids: tuple[str, ...] = ()
    opened_at: datetime
    promised_by: datetime | None = None
    known: str
    expected_next: str | None = None
    expected_by: datetime | None = None
    told_by: datetime
    evidence: dict[str, str] = {}
    resolution: Resolution | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """It lasts."""
        return self.resolution is None


def parcel_of(one: Issue | Trouble) -> str | None:
    """The parcel that it is a trouble of; None for one of a line or the order, even if it names a parcel."""
    return one.shipment_id if one.subject.partition(" ")[0] == one.shipment_id else None


def apart(one: Issue | Trouble, other: Issue | Trouble) -> bool:
    """Both are troubles of parcels, and of different ones: neither says anything about the other."""
    first, second = parcel_of(one), parcel_of(other)
    return first is not None and second is not None and first != second


CHANGEABLE = ("severity", "known", "expected_next", "expected_by")
"""What is worth saying again when it changes."""


def issue_id_of(order_id: str, trouble: Trouble) -> str:
    """The same trouble always has the same id, so it opens once."""
    return derived_id("issue", order_id, trouble.kind, trouble.subject)


def issue_of(trouble: Trouble, *, customer_id: str, order_id: str, at: datetime, promised_by: datetime | None) -> Issue:
    """The issue that a trouble becomes when it is opened at `at`."""
    return Issue(
        issue_id=issue_id_of(order_id, trouble),
        customer_id=customer_id,
        order_id=order_id,
        kind=trouble.kind,
        subject=trouble.subject,
        severity=trouble.severity,
        shipment_id=trouble.shipment_id,
        line_ids=trouble.line_ids,
        opened_at=at,
        promised_by=promised_by,
        known=trouble.known,
        expected_next=trouble.expected_next,
        expected_by=trouble.expected_by,
        told_by=told_by(at, promised_by),
        evidence=trouble.evidence,
    )


def told_by(opened_at: datetime, promised_by: datetime | None) -> datetime:
    """When the customer should know: before a promise that still holds ends, otherwise soon."""
    if promised_by is not None and promised_by > opened_at:
        return min(promised_by, opened_at + TOLD_WHILE_PROMISE_HOLDS)
    return opened_at + TOLD_AFTERWARDS


def changed_by(issue: Issue, trouble: Trouble) -> tuple[str, ...]:
    """The names of what is different now."""
    return tuple(name for name in CHANGEABLE if getattr(issue, name) != getattr(trouble, name))


def updated(issue: Issue, trouble: Trouble) -> Issue:
    """The issue with what is known now; when it was opened and should be told stays."""
    news = {name: getattr(trouble, name) for name in CHANGEABLE}
    return structs.replace(issue, evidence=trouble.evidence, **news)


def resolved(issue: Issue, resolution: Resolution, at: datetime, shown_by: Mapping[str, str]) -> Issue:
    """The issue, over; with what shows it."""
    evidence = {**issue.evidence, **shown_by}
    return structs.replace(issue, resolution=resolution, resolved_at=at, evidence=evidence)


def opening_of(issue: Issue, beside: Mapping[str, Any]) -> IssueOpened:
    """What is said when it opens; `beside` are its goods and ways (goods.py), which are said and not remembered."""
    return IssueOpened(**_said(issue), **beside)


def update_of(issue: Issue, changed: tuple[str, ...], beside: Mapping[str, Any]) -> IssueUpdated:
    """What is said when more is known."""
    return IssueUpdated(changed=changed, **_said(issue), **beside)


def resolving_of(issue: Issue, beside: Mapping[str, Any]) -> IssueResolved:
    """What is said when it is over. Raises ValueError for an issue that lasts."""
    if issue.resolution is None or issue.resolved_at is None:
        raise ValueError(f"issue {issue.issue_id} is not resolved")
    return IssueResolved(resolution=issue.resolution, resolved_at=issue.resolved_at, **_said(issue), **beside)


UNSAID = frozenset({"subject", "resolution", "resolved_at"})


def _said(issue: Issue) -> dict[str, Any]:
    return {name: getattr(issue, name) for name in issue.__struct_fields__ if name not in UNSAID}


def times_of(issue: Issue) -> dict[str, Any]:
    """What the rule looked at, for its decision."""
    times = {"promised_by": issue.promised_by, "told_by": issue.told_by}
    return {"order_id": issue.order_id} | {name: moment.isoformat() for name, moment in times.items() if moment}


def sentence(text: str) -> str:
    """One line of text that fits the contract, whatever titles and reasons it was made of."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SENTENCE else line[: LONGEST_SENTENCE - 1] + "…"


def titled(line: OrderLine | None) -> dict[str, str]:
    """A line's title as evidence, for whoever says it in another language; nothing for one without."""
    title = " ".join((line.title or "").split()) if line is not None else ""
    return {"title": title[:LONGEST_TITLE]} if title else {}


def title_of(line: OrderLine | None) -> str:
    """What a line is called in a sentence."""
    title = line.title if line is not None else None
    return title[:LONGEST_TITLE] if title and title.strip() else "An item of your order"
