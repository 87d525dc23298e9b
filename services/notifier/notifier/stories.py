"""The story of an order, for whoever reads the customer's answer: how it stands, what is wrong, what they were told.

Made of what the notifier knows, which names nobody.
"""

from collections.abc import Sequence

from contracts.stories import OpenIssue, Story, Telling
from notifier.circumstances import Circumstances, Issue
from notifier.messages import Message, State

MOST = 20
"""Of messages, the latest; of issues, the first by id."""
_TOLD = (State.sent, State.ready, State.sending, State.joined, State.unknown)


def story_of(order_id: str | None, facts: Circumstances, messages: Sequence[Message]) -> Story | None:
    """The order's story; None where there is no order. `messages` are those about it."""
    if order_id is None:
        return None
    issues = ((one, issue) for one, issue in sorted(facts.issues.items()) if issue.order_id == order_id and issue.open)
    told = [one for one in messages if one.state in _TOLD and one.ready_at is not None]
    latest = sorted(told, key=lambda one: (str(one.ready_at), one.message_id))[-MOST:]
    return Story(
        stage=facts.stage_of(order_id).name,
        issues=tuple(_issue(issue_id, issue, messages) for issue_id, issue in list(issues)[:MOST]),
        said=tuple(
            Telling(message_id=one.message_id, kind=one.kind, said_at=one.ready_at) for one in latest if one.ready_at
        ),
    )


def topic_of(message: Message, facts: Circumstances) -> str:
    """What an answer to it is about: the kind of issue where it told of one, else the kind of message."""
    issue = facts.issues.get(message.issue_id or "")
    return str(issue.kind) if issue else message.kind


def _issue(issue_id: str, issue: Issue, messages: Sequence[Message]) -> OpenIssue:
    opening = next((one for one in messages if one.kind == "issue_opened" and one.issue_id == issue_id), None)
    told = opening is not None and opening.state in _TOLD
    return OpenIssue(
        issue_id=issue_id,
        kind=issue.kind,
        severity=issue.severity,
        known=issue.known[:500],
        since=opening.intended_at if opening else issue.said_at,
        told_at=opening.ready_at if opening and told else None,
        promised_by=issue.promised_by,
    )
