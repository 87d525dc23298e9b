"""What the sender reports of a message it had in hand, and what follows: sent, again later, failed, or unknown."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from chassis.errors import NotFound
from chassis.items import Command
from chassis.outcomes import DUPLICATE, Decision, Outcome, SetDeadline
from contracts.vocabulary import IssueKind
from notifier import messages
from notifier.channels import choose
from notifier.correspondence import SEND, TOLD_BY, Correspondence
from notifier.issues import marked
from notifier.messages import ENDED, Message, State
from notifier.pauses import PAUSES, spread
from notifier.policy import Policy
from notifier.sending import Hold
from notifier.telling import hold, settle
from notifier.tellings import Told
from notifier.together import inside


class Result(StrEnum):
    """What became of one attempt."""

    accepted = "accepted"
    deferred = "deferred"
    """A provider said "not now" of this message: it is tried there again."""
    refused = "refused"
    """A provider said "never" of this message."""
    trouble = "trouble"
    """Every provider that was asked had trouble of its own, and none was handed the message."""
    away = "away"
    """No provider of the channel is there, and nobody was asked."""
    untried = "untried"
    """Not begun with, and put back as it was; never reported."""
    unknown = "unknown"
    """It was handed over and no answer came, or its sender did not report in time."""
    stale = "stale"
    """It lay too long before it could be tried; what was decided then may not hold now."""


_DID_NOT_REACH = frozenset({Result.deferred, Result.refused, Result.stale})
"""Nobody has seen it; of what is unknown somebody may have."""


class Delivered(Struct, frozen=True, kw_only=True):
    """The sender's report of one attempt."""

    message_id: str
    attempt: int
    result: Result
    code: str | None = None
    """The provider's codes, without its words (they may repeat the address)."""
    provider: str | None = None
    """Who gave the answer."""


def on_delivered(
    account: Correspondence, command: Command[Delivered], policy: Policy
) -> tuple[Correspondence, Outcome]:
    """One report. A message that was taken back while it was in hand, but accepted all the same, was sent."""
    report = command.data
    message = account.messages.get(report.message_id)
    if message is None:
        raise NotFound("no_such_message", "There is no such message.")
    stale = message.attempts != report.attempt or message.state in ENDED
    if stale or (message.state is State.suppressed and report.result is not Result.accepted):
        return account, DUPLICATE
    message = replace(message, provider=report.provider or message.provider)
    if report.result in _DID_NOT_REACH:
        account, unasked = account.with_circumstances(account.circumstances.unasked(message.message_id))
        account, outcome = _concluded(account, message, command, policy)
        return account, unasked + outcome
    return _concluded(account, message, command, policy)


def _concluded(
    account: Correspondence, message: Message, command: Command[Delivered], policy: Policy
) -> tuple[Correspondence, Outcome]:
    report = command.data
    match report.result:
        case Result.accepted:
            return _sent(account, message, command.at)
        case Result.refused:
            return _fail(account, message, command.at, "refused", report.code)
        case Result.deferred:
            return _try_later(account, message, command.at, report.code)
        case Result.trouble if not _may_go_elsewhere(account, message, policy, command.at):
            return _try_later(account, message, command.at, report.code)
        case Result.trouble | Result.away:
            return _elsewhere(account, message, command, policy)
        case Result.unknown if not message.rules.goes_again or message.deferrals > len(PAUSES):
            account, outcome = account.with_message(message, state=State.unknown, reason="outcome_unknown")
            return account, outcome + Outcome(decisions=(_decision(message, "unknown", "outcome_unknown"),))
        case Result.unknown if message.deferrals:
            return _try_later(account, message, command.at, report.code, "unknown")
        case Result.unknown:
            return _decide_again(account, replace(message, deferrals=1), command.at, "unknown")
    return _decide_again(account, message, command.at, str(report.result))


def _sent(account: Correspondence, message: Message, at: datetime) -> tuple[Correspondence, Outcome]:
    """It arrived, with everything inside of it."""
    outcome = Outcome()
    for one in [message, *inside(account, message)]:
        account, changed = account.with_message(one, state=State.sent, reason=None, sent_at=at)
        outcome += changed + Outcome(facts=(messages.sent(one, at),))
        if one.kind == "issue_opened" and one.issue_id is not None:
            outcome += Outcome(rows=(Told(issue_id=one.issue_id, told_at=at),))
    return account, outcome


def _decide_again(
    account: Correspondence, message: Message, at: datetime, reason: str
) -> tuple[Correspondence, Outcome]:
    account, released = _release(account, message, at, reason)
    account, outcome = account.with_message(message, state=State.intended, reason=reason)
    account, untold = forget_said(account, message, at)
    return account, released + outcome + untold + Outcome(
        deadlines=(SetDeadline(SEND, message.message_id, at),),
        decisions=(_decision(message, "decided_again", reason),),
    )


def _try_later(
    account: Correspondence, message: Message, at: datetime, code: str | None, reason: str = "deferred"
) -> tuple[Correspondence, Outcome]:
    number = message.deferrals
    if number >= len(PAUSES):
        return _fail(account, message, at, "gave_up", code)
    detail = {"code": code} if code else {}
    later = Hold(at + spread(PAUSES[number], message.message_id, number), reason, detail)
    message = replace(message, deferrals=number + 1)
    outcome = Outcome()
    for one in [message, *inside(account, message)]:
        account, held = hold(account, replace(one, inside=None), at, later)
        account, untold = forget_said(account, one, at)
        outcome += held + untold
    return account, outcome


def _fail(
    account: Correspondence, message: Message, at: datetime, reason: str, code: str | None
) -> tuple[Correspondence, Outcome]:
    account, released = _release(account, message, at, reason)
    account, outcome = account.with_message(message, state=State.failed, reason=reason)
    account, untold = forget_said(account, message, at)
    return account, released + outcome + untold + Outcome(
        facts=(messages.failed(message, at, reason, code),),
        decisions=(_decision(message, "not_told", reason, code=code or ""),),
    )


def _may_go_elsewhere(account: Correspondence, message: Message, policy: Policy, at: datetime) -> bool:
    """Whether the customer may be told on another channel."""
    rules, without = message.rules, replace(account, away_channels=frozenset({message.channel}))
    return choose(account.person, rules.concern, rules.purpose, policy, without.blocks(at)).channel is not None


def _elsewhere(
    account: Correspondence, message: Message, command: Command[Delivered], policy: Policy
) -> tuple[Correspondence, Outcome]:
    """Decided at once without that channel, which is known to be away for this one decision only."""
    account, released = _release(account, message, command.at, "channel_down")
    account, outcome = account.with_message(message, state=State.intended, reason="channel_down")
    account, untold = forget_said(account, message, command.at)
    account = replace(account, away_channels=frozenset({message.channel}))
    account, settled = settle(account, account.messages[message.message_id], command, policy)
    return replace(account, away_channels=frozenset()), released + outcome + untold + settled


def _release(account: Correspondence, leading: Message, at: datetime, reason: str) -> tuple[Correspondence, Outcome]:
    """What was inside of it is decided again by itself."""
    outcome = Outcome()
    for one in inside(account, leading):
        account, again = account.with_message(one, state=State.intended, reason=reason, inside=None)
        account, untold = forget_said(account, one, at)
        outcome += (
            again
            + untold
            + Outcome(
                deadlines=(SetDeadline(SEND, one.message_id, at),), decisions=(_decision(one, "decided_again", reason),)
            )
        )
    return account, outcome


def forget_said(account: Correspondence, message: Message, at: datetime) -> tuple[Correspondence, Outcome]:
    """The customer did not hear it after all; an issue's `told_by` is watched again."""
    account, outcome = account.with_circumstances(account.circumstances.without_said(message.message_id))
    if message.kind != "issue_opened":
        return account, outcome
    account, forgotten = _forget_warning(account, message)
    account, marked_untold = marked(account, message.issue_id, told=False)
    outcome += forgotten + marked_untold
    if message.told_by is None or message.issue_id is None:
        return account, outcome
    return account, outcome + Outcome(deadlines=(SetDeadline(TOLD_BY, message.issue_id, max(message.told_by, at)),))


def _forget_warning(account: Correspondence, message: Message) -> tuple[Correspondence, Outcome]:
    """The customer was not warned of the promise after all."""
    issue = account.circumstances.issues.get(message.issue_id or "")
    if issue is None or issue.kind is not IssueKind.delivery_at_risk:
        return account, Outcome()
    return account.with_circumstances(account.circumstances.with_warning(issue.order_id, None))


def _decision(message: Message, outcome: str, reason: str, **detail: str) -> Decision:
    return Decision(
        subject=message.message_id, rule="delivery", outcome=outcome, reason=reason,
        detail={"kind": message.kind, **detail},
    )  # fmt: skip
