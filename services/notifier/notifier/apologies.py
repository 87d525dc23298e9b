"""When the shop says that it is sorry: for what it did wrong, and not every week to the same person.

Owns for what and how often. The words are always the same ones (`words/`): an apology that grows is a bad sign.
"""

from datetime import datetime

from contracts.vocabulary import IssueKind
from notifier.circumstances import Circumstances
from notifier.messages import Message
from notifier.policy import Policy

OURS = frozenset({
    IssueKind.item_missing, IssueKind.item_substituted, IssueKind.fulfilment_stalled, IssueKind.delivery_late,
    IssueKind.damaged, IssueKind.lost, IssueKind.refund_overdue,
})  # fmt: skip
"""What the shop answers for. Nobody apologises for a failed payment, a closed door, or what has not happened yet."""


def apology(message: Message, facts: Circumstances, policy: Policy, now: datetime) -> dict[str, bool]:
    """`sorry`: whether this message says that we are; nothing where there is nothing to be sorry for."""
    return {"sorry": _said(facts, policy, now) < policy.apologies.most} if _is_due(message, facts) else {}


def _said(facts: Circumstances, policy: Policy, now: datetime) -> int:
    return sum(one.sorry and now - one.at < policy.apologies.within for one in facts.lately_said.values())


def _is_due(message: Message, facts: Circumstances) -> bool:
    match message.kind:
        case "issue_opened" | "issue_worse" | "issue_resolved":
            issue = facts.issues.get(message.issue_id or "")
            return issue is not None and issue.kind in OURS
        case "goodwill_granted":
            return True
        case "order_cancelled":
            return message.content.get("by") == "shop"
        case "order_delivered":
            return bool(message.content.get("late"))
    return False
