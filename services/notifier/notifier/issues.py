"""What an issue's facts lead to: one message when it opens, one when it gets worse, one when it is over."""

from typing import Any

from msgspec.structs import replace

from chassis.outcomes import DUPLICATE, ClearDeadline, Decision, Outcome, SetDeadline
from contracts import Event
from contracts.orders import IssueOpened, IssueResolved, IssueUpdated, Resolution
from notifier.circumstances import Issue, issue_as_said
from notifier.correspondence import TOLD_BY, Correspondence, look_again
from notifier.intentions import intend, intention_of, opening_of
from notifier.tellings import telling_of


def on_issue_said(
    account: Correspondence, event: Event[IssueOpened] | Event[IssueUpdated]
) -> tuple[Correspondence, Outcome]:
    """An issue is open. Whatever is heard of it first is its opening; later only what is worse is told again."""
    fact = event.data
    known = account.circumstances.issues.get(fact.issue_id)
    issue = issue_as_said(fact, event.at, known)
    if known is not None and (not known.open or event.at < known.said_at or issue == known):
        return account, DUPLICATE
    account, outcome = account.with_issue(fact.issue_id, issue)
    if known is None:
        account, told = _tell_opening(account, event)
    else:
        account, told = _tell_change(account, event, known, issue)
    return account, outcome + told


def on_issue_resolved(account: Correspondence, event: Event[IssueResolved]) -> tuple[Correspondence, Outcome]:
    """An issue is over: said to whom its opening was told, unless a worse one took its place."""
    fact = event.data
    known = account.circumstances.issues.get(fact.issue_id)
    if known is not None and not known.open:
        return account, DUPLICATE
    account, outcome = account.with_issue(fact.issue_id, issue_as_said(fact, event.at, known))
    about_it = (message for message in account.messages.values() if message.issue_id == fact.issue_id)
    relieved = [*(message for message in about_it if message.waiting), *account.waiting_for("issue_open")]
    outcome += look_again(relieved, event) + Outcome(deadlines=(ClearDeadline(TOLD_BY, fact.issue_id),))
    if known is not None and known.told and fact.resolution is not Resolution.absorbed:
        account, told = _intend(account, event)
        outcome += told
    return account, outcome


def _tell_opening(account: Correspondence, event: Event[Any]) -> tuple[Correspondence, Outcome]:
    fact = event.data
    account, outcome = intend(account, opening_of(fact), event)
    if outcome.rows:
        outcome += Outcome(rows=(telling_of(fact, event.at),))
    if fact.told_by is not None and outcome.rows:
        outcome += Outcome(deadlines=(SetDeadline(TOLD_BY, fact.issue_id, max(fact.told_by, event.at)),))
    return account, outcome


def _tell_change(
    account: Correspondence, event: Event[Any], known: Issue, issue: Issue
) -> tuple[Correspondence, Outcome]:
    opening = account.message_about("issue_opened", event.data.issue_id)
    if opening is not None and opening.waiting:
        return account, _not_told(event, "opening_says_it")
    if not issue.worse_than(known):
        return account, _not_told(event, "no_worse")
    return _intend(account, event)


def _intend(account: Correspondence, event: Event[Any]) -> tuple[Correspondence, Outcome]:
    intention = intention_of(event.data)
    return intend(account, intention, event) if intention else (account, Outcome())


def _not_told(event: Event[Any], reason: str) -> Outcome:
    issue_id = event.data.issue_id
    return Outcome(decisions=(Decision(subject=issue_id, rule="tell_change", outcome="not_told", reason=reason),))


def marked(account: Correspondence, issue_id: str | None, **changes: Any) -> tuple[Correspondence, Outcome]:
    """The issue with `changes` (told, telling_failed); nothing where it is not known."""
    issue = account.circumstances.issues.get(issue_id or "")
    if issue is None or issue_id is None:
        return account, Outcome()
    return account.with_issue(issue_id, replace(issue, **changes))
