"""Several issues within minutes are one message: which ones, and which of them leads.

Owns the grouping. The words of the others stand in the leading message, and they share what becomes of it.
"""

from datetime import datetime
from typing import Any

from contracts.vocabulary import Severity
from notifier.correspondence import Correspondence
from notifier.messages import Message, State
from notifier.policy import Policy
from notifier.sending import Hold, Send, decide

_SEVERITIES = list(Severity)
_NO_OBSTACLES = ("gathering", "cap_reached", "budget_spent")
"""Waiting for company is over when there is some, and inside of another message it takes no room of its own."""

_OF_THE_DECISION = ("sorry", "also", "said_in", "asks")
"""What an earlier decision to send put there."""


def group_of(account: Correspondence, message: Message, policy: Policy, now: datetime) -> list[Message]:
    """What is said together with `message`, which may be said now: the leading one first, by severity, then by age."""
    if not message.rules.joins:
        return [message]
    others = (one for one in account.messages.values() if _same(one, message) and one is not message)
    group = [message, *(one for one in others if _may_join(account, one, policy, now))]
    return sorted(group, key=lambda one: (-_severity(account, one), one.intended_at, one.message_id))


def inside(account: Correspondence, leading: Message) -> list[Message]:
    """The messages that went out, or are about to, inside of that one."""
    found = (one for one in account.messages.values() if one.inside == leading.message_id)
    return sorted((one for one in found if one.state is State.joined), key=lambda one: one.message_id)


def content_of(account: Correspondence, message: Message) -> dict[str, Any]:
    """What the words about it may use, as it is true now."""
    issue = account.circumstances.issues.get(message.issue_id or "")
    own = {name: value for name, value in message.content.items() if name not in _OF_THE_DECISION}
    return {**own, **(issue.content() if issue else {})}


def _same(one: Message, other: Message) -> bool:
    """What is told to many is not told inside of what concerns one customer, nor around it: it may be stopped."""
    return (one.kind, one.broadcast_id) == (other.kind, other.broadcast_id)


def _may_join(account: Correspondence, message: Message, policy: Policy, now: datetime) -> bool:
    if not message.waiting:
        return False
    verdict = decide(account.person, message, account.circumstances, policy, now, account.blocks(now))
    return isinstance(verdict, Send) or (isinstance(verdict, Hold) and verdict.reason in _NO_OBSTACLES)


def _severity(account: Correspondence, message: Message) -> int:
    issue = account.circumstances.issues.get(message.issue_id or "")
    return _SEVERITIES.index(issue.severity) if issue else 0
