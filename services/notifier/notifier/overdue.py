"""Whom nobody could tell in time because the facts are not known: decided by the clock, beside the fold.

A deadline waits while its partition has not been heard or its customer is blocked, and so does `told_by`. Then the
clock says that telling failed, once, and the fold says it no more; what the fold concludes stays as the log has it.
Owns who that is. Must not read a clock itself.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from chassis.items import Command
from chassis.outcomes import Decision, Outcome
from contracts import Event
from contracts.notifications import TellingFailed
from contracts.orders import IssueOpened, IssueResolved, IssueUpdated
from notifier.circumstances import Issue
from notifier.correspondence import Correspondence
from notifier.issues import on_issue_resolved, on_issue_said
from notifier.messages import Message, message_id_of
from notifier.policy import Policy
from notifier.sending import Hold, Suppress, decide

WAITING_FOR_FACTS = "waiting_for_facts"
PATIENCE = timedelta(minutes=1)
"""A deadline that is so much overdue is not just about to fire."""
JUST_ABOUT_TO = timedelta(seconds=10)
"""Looking from outside: so long after it came a deadline may still be about to fire."""
SILENT = frozenset({"warned_already", "issue_resolved", "order_cancelled", "opening_not_told"})
"""Where nothing was to be told, nobody failed to tell it."""


class Awaited(StrEnum):
    """What a decision waits for that should have been taken."""

    parked = "customer"
    """An event of the customer is parked; everything after it waits."""
    unheard = "partition"
    """What lies on the customer's partition has not been heard until then: it lags, or Kafka is away."""


class Waiting(Struct, frozen=True, kw_only=True):
    """Since when a message should have been decided, and why it is not."""

    message_id: str
    since: datetime
    awaited: Awaited
    detail: str
    """The event or deadline that failed, or the number of the partition."""


class Overdue(Struct, frozen=True):
    """The command by which it is written down: the issue, of which the customer should know by now."""

    issue_id: str


class Untold(Struct, frozen=True, kw_only=True):
    """An issue that should have been told by now."""

    issue_id: str
    issue: Issue
    opening: Message
    reason: str


def with_parked(account: Correspondence, events: Iterable[Event[Any]]) -> Correspondence:
    """The customer as they would be if what is parked about issues had been folded. Nothing of it is kept."""
    for event in events:
        try:
            match event.data:
                case IssueOpened() | IssueUpdated():
                    account, _ = on_issue_said(account, event)
                case IssueResolved():
                    account, _ = on_issue_resolved(account, event)
        except Exception:  # noqa: BLE001, S112 what failed before fails here too, whatever it is; the others count
            continue
    return account


def untold(account: Correspondence, policy: Policy, now: datetime) -> Iterator[Untold]:
    """Every issue whose `told_by` has passed and of which nothing was said, neither to the customer nor about that."""
    for issue_id, issue in sorted(account.circumstances.issues.items()):
        opening = account.message_about("issue_opened", issue_id)
        if opening is None or opening.told_by is None or now < opening.told_by + PATIENCE:
            continue
        if not issue.open or issue.told or issue.telling_failed or issue_id in account.said_overdue:
            continue
        if reason := _reason(account, opening, policy, now):
            yield Untold(issue_id=issue_id, issue=issue, opening=opening, reason=reason)


def _reason(account: Correspondence, opening: Message, policy: Policy, now: datetime) -> str | None:
    """Why it is not told; None where that is right: at night it is told in time when it is told in the morning."""
    if not opening.waiting:
        return opening.reason if opening.reason not in SILENT else None
    match decide(account.person, opening, account.circumstances, policy, now):
        case Hold(reason="quiet_hours"):
            return None
        case Suppress(reason) if reason in SILENT:
            return None
    return WAITING_FOR_FACTS


def command_of(customer_id: str, found: Untold, now: datetime) -> Command[Overdue]:
    """The clock's word about it. The same issue always has the same one, so it is given once."""
    return Command(
        id=command_id_of(found.issue_id), at=now, customer_id=customer_id, data=Overdue(found.issue_id),
        actor="clock", correlation_id=found.opening.correlation_id, traceparent=found.opening.traceparent,
    )  # fmt: skip


def command_id_of(issue_id: str) -> str:
    """The id of the command about that issue."""
    return f"overdue {issue_id}"


def outcome_of(customer_id: str, found: Untold, now: datetime, policy: Policy) -> Outcome:
    """What is said and put on record."""
    fact = TellingFailed(
        customer_id=customer_id, issue_id=found.issue_id, order_id=found.issue.order_id, occurred_at=now,
        reason=found.reason,
    )  # fmt: skip
    decision = Decision(
        subject=found.issue_id, rule="told_by_the_clock", outcome="telling_failed", reason=found.reason,
        version=policy.version, detail={"message_id": found.opening.message_id},
    )  # fmt: skip
    return Outcome(facts=(fact,), decisions=(decision,))


def openings_of(account: Correspondence) -> list[str]:
    """The ids of the messages that tell the openings of this customer's issues."""
    return [message_id_of(account.customer_id, "issue_opened", one) for one in sorted(account.circumstances.issues)]
