"""What happens when a deadline comes: a message is decided, or it shows that somebody was not told in time."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from chassis.items import Due, Item
from chassis.outcomes import NOTHING, Decision, Outcome, SetDeadline
from contracts.notifications import TellingFailed
from contracts.vocabulary import IssueKind
from notifier import messages
from notifier.apologies import apology
from notifier.caps import remembered
from notifier.circumstances import Issue, Said
from notifier.correspondence import SEND, TOLD_BY, Correspondence
from notifier.issues import marked
from notifier.messages import Message, State
from notifier.policy import Policy
from notifier.question import asks_once
from notifier.sending import Hold, Send, Suppress
from notifier.together import content_of, group_of
from notifier.turns import decide_in_turn, priority, turn


def on_send_due(account: Correspondence, due: Due, policy: Policy) -> tuple[Correspondence, Outcome]:
    """Decide about a message that waits; nothing for one that no longer does."""
    message = account.messages.get(due.subject)
    if message is None or not message.waiting:
        return account, NOTHING
    return settle(account, message, _as_of_its_moment(message, due), policy)


def _as_of_its_moment(message: Message, due: Due) -> Due:
    """Its turn puts it behind others that wait for the same moment; it is decided as of that moment."""
    waited_for = message.held_until
    return replace(due, due_at=waited_for) if waited_for and due.at == waited_for + turn(message) else due


def settle(account: Correspondence, message: Message, item: Item, policy: Policy) -> tuple[Correspondence, Outcome]:
    """The decision about `message`, made now against what is true now, and what follows from it."""
    match decide_in_turn(account, message, policy, item.at):
        case Send() as verdict:
            return _make_ready(account, message, item.at, policy, verdict)
        case Hold() as verdict:
            return hold(account, message, item.at, verdict)
        case Suppress(reason, detail):
            return suppress(account, message, item.at, reason, **detail)


def on_told_by_due(account: Correspondence, due: Due, policy: Policy) -> tuple[Correspondence, Outcome]:
    """The customer should know of the issue by now. Waiting for the end of quiet hours is in time."""
    issue_id, outcome = due.subject, NOTHING
    opening = account.message_about("issue_opened", issue_id)
    if opening is not None and opening.waiting and (opening.held_until or due.at) <= due.at:
        account, outcome = settle(account, opening, due, policy)
        opening = account.message_about("issue_opened", issue_id)
    issue = account.circumstances.issues.get(issue_id)
    if opening is None or issue is None or not issue.open or issue.told or issue.telling_failed:
        return account, outcome
    if opening.reason == "warned_already":
        return account, outcome
    if opening.reason == "quiet_hours" and opening.held_until is not None:
        return account, outcome + Outcome(deadlines=(SetDeadline(TOLD_BY, issue_id, opening.held_until),))
    account, failed = _telling_failed(account, due, issue, opening.reason or "not_sent")
    return account, outcome + failed


def hold(account: Correspondence, message: Message, at: datetime, verdict: Hold) -> tuple[Correspondence, Outcome]:
    """It waits, and says so when that is news."""
    until, reason = verdict.until, verdict.reason
    news = (message.reason, message.held_until) != (reason, until)
    known = message.state is State.held and message.reason == reason
    account, outcome = account.with_message(message, state=State.held, reason=reason, held_until=until)
    detail = {"until": until.isoformat(), **verdict.detail}
    return account, outcome + Outcome(
        facts=(messages.held(message, at, until, reason),) if news else (),
        deadlines=(SetDeadline(SEND, message.message_id, until + turn(message)),),
        decisions=() if known else (_decision(message, "held", reason, **detail),),
    )


def suppress(
    account: Correspondence, message: Message, at: datetime, reason: str, **detail: Any
) -> tuple[Correspondence, Outcome]:
    """It will not be said."""
    account, outcome = account.with_message(message, state=State.suppressed, reason=reason, held_until=None)
    return account, outcome + Outcome(
        facts=(messages.suppressed(message, at, reason),), decisions=(_decision(message, "not_told", reason, **detail),)
    )


def _make_ready(
    account: Correspondence, message: Message, at: datetime, policy: Policy, verdict: Send
) -> tuple[Correspondence, Outcome]:
    """The sender takes it from here, with all that is said together; its words are of what is true now."""
    leading, *others = group_of(account, message, policy, at)
    facts = account.circumstances
    sorry = apology(leading, facts, policy, at)
    asks = asks_once(account, leading)
    content = {**content_of(account, leading), **sorry, **({"asks": True} if asks else {})}
    if others:
        content["also"] = [{**content_of(account, one), "order_id": one.order_id} for one in others]
    words = policy.tongues.words_for(account.person.language, leading.kind, content)
    content["said_in"] = {**words, "tier": facts.tier} if facts.tier else words
    account, outcome = account.with_message(
        leading, state=State.ready, reason=None, held_until=None, ready_at=at, content=content, channel=verdict.channel,
        attempts=leading.attempts + 1, priority=priority(leading, facts, policy),
    )  # fmt: skip
    said = remembered({**facts.lately_said, leading.message_id: Said(leading.rules.concern, at, **sorry)}, policy, at)
    account, counted = account.with_circumstances(
        replace(facts, lately_said=said, asked_in=leading.message_id if asks else facts.asked_in)
    )
    reason = "allowed" if leading.attempts == 0 else "again"
    told_on = {"channel": str(verdict.channel), **verdict.detail}
    outcome += counted + Outcome(decisions=(_decision(leading, "told", reason, **told_on, **sorry, **words),))
    account, told = _told(account, leading)
    outcome += told
    for one in others:
        account, joined = _join(account, replace(one, channel=verdict.channel), leading, at)
        outcome += joined
    return account, outcome


def _join(account: Correspondence, message: Message, leading: Message, at: datetime) -> tuple[Correspondence, Outcome]:
    account, outcome = account.with_message(
        message, state=State.joined, reason="told_together", held_until=None, ready_at=at, inside=leading.message_id
    )
    account, told = _told(account, message)
    decision = _decision(message, "told", "told_together", inside=leading.message_id)
    return account, outcome + told + Outcome(decisions=(decision,))


def _told(account: Correspondence, message: Message) -> tuple[Correspondence, Outcome]:
    """The customer knows of the issue now."""
    issue = account.circumstances.issues.get(message.issue_id or "")
    if message.kind != "issue_opened" or issue is None:
        return account, Outcome()
    account, outcome = marked(account, message.issue_id, told=True)
    if issue.kind is IssueKind.delivery_at_risk:
        account, warned = account.with_circumstances(account.circumstances.with_warning(issue.order_id, issue.promise))
        outcome += warned
    return account, outcome


def _telling_failed(account: Correspondence, due: Due, issue: Issue, reason: str) -> tuple[Correspondence, Outcome]:
    account, outcome = marked(account, due.subject, telling_failed=True)
    fact = TellingFailed(
        customer_id=account.customer_id, issue_id=due.subject, order_id=issue.order_id, occurred_at=due.at,
        reason=reason,
    )  # fmt: skip
    decision = Decision(subject=due.subject, rule="told_by", outcome="telling_failed", reason=reason)
    said = due.subject in account.said_overdue
    return account, outcome + Outcome(facts=() if said else (fact,), decisions=(decision,))


def _decision(message: Message, outcome: str, reason: str, **detail: Any) -> Decision:
    detail["kind"] = message.kind
    return Decision(subject=message.message_id, rule="sending", outcome=outcome, reason=reason, detail=dict(detail))
