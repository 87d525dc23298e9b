"""What follows when a mail comes back, when somebody complains of one, and when one is said to have arrived.

An address that does not exist is not written to again; one that fails for now is not, for a while, when it has failed
often; a "no" that concerns us says nothing about the address. Nobody was told what came back.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chassis.errors import NotFound
from chassis.items import Command
from chassis.outcomes import DUPLICATE, NOTHING, Decision, Outcome
from contracts.notifications import MessageBounced
from contracts.vocabulary import Channel, Purpose
from notifier.correspondence import Correspondence
from notifier.deliveries import Delivered, Result, forget_said
from notifier.messages import Message, State, bounced
from notifier.policy import Policy
from notifier.preferences import Choose, Way, on_choose
from notifier.statuses import Meaning, Weight, meaning_of, status_of
from notifier.suppressions import Lifted, Reach, SoftBounce, Suppression

RULE = "address"
_GONE = frozenset({State.sent, State.unknown, State.sending, State.joined, State.ready})
"""It was handed over, whether that was reported already or not."""


class Bounced(Struct, frozen=True, kw_only=True):
    """Command: a mail came back."""

    message_id: str
    weight: Weight
    reason: str
    code: str | None = None
    via: str
    """Who says so: mail, smtp, or a provider's name."""


class Complained(Struct, frozen=True, kw_only=True):
    """Command: its reader says that a mail is spam."""

    message_id: str
    kind: str
    via: str


class Arrived(Struct, frozen=True, kw_only=True):
    """Command: a mail was delivered."""

    message_id: str
    via: str


Returned = Bounced | Complained | Arrived


def on_returned(account: Correspondence, command: Command[Any], policy: Policy) -> tuple[Correspondence, Outcome]:
    """One report of what became of a mail after it was sent."""
    if account.person.erased:
        return account, NOTHING
    message = account.messages.get(command.data.message_id)
    if message is None:
        raise NotFound("no_such_message", "There is no such message.")
    match command.data:
        case Bounced() as report:
            return _on_bounced(account, message, report, command.at, policy)
        case Complained():
            return _on_complained(account, message, command)
        case _:
            return _on_arrived(account, message, command.at)


def on_refused(account: Correspondence, command: Command[Delivered], policy: Policy) -> tuple[Correspondence, Outcome]:
    """What a mail server's "never" at sending says of the address, where it says so by a code."""
    report, message = command.data, account.messages.get(command.data.message_id)
    status = status_of(report.code or "")
    if (
        account.person.erased
        or message is None
        or report.result is not Result.refused
        or message.channel is not Channel.email
        or status is None
        or status.detail == "0.0"
    ):
        return account, Outcome()
    meaning = meaning_of(status)
    why = Bounced(
        message_id=message.message_id, weight=meaning.weight, reason=meaning.reason, code=str(status), via="smtp"
    )
    return _counted(account, message, why, command.at, policy)


def _on_bounced(
    account: Correspondence, message: Message, report: Bounced, at: datetime, policy: Policy
) -> tuple[Correspondence, Outcome]:
    account, counted = _counted(account, message, report, at, policy)
    outcome = Outcome()
    inside = (one for one in account.messages.values() if one.inside == message.message_id and one.state in _GONE)
    for one in [message, *sorted(inside, key=lambda one: one.message_id)]:
        if one.state in _GONE:
            account, failed = _came_back(account, one, report, at)
            outcome += failed
    return account, (counted + outcome if counted.rows or outcome.rows else DUPLICATE)


def _came_back(
    account: Correspondence, message: Message, report: Bounced, at: datetime
) -> tuple[Correspondence, Outcome]:
    """Nobody read it; of an issue the customer does not know then."""
    account, outcome = account.with_message(message, state=State.failed, reason="bounced")
    account, forgotten = forget_said(account, message, at)
    fact: MessageBounced = bounced(message, at, hard=report.weight is Weight.hard, reason=report.reason)
    detail = {"kind": message.kind, "because": report.reason, "code": report.code or "", "via": report.via}
    decision = Decision(
        subject=message.message_id, rule="delivery", outcome="not_told", reason="bounced", detail=detail
    )
    return account, outcome + forgotten + Outcome(facts=(fact,), decisions=(decision,))


def _counted(
    account: Correspondence, message: Message, report: Bounced, at: datetime, policy: Policy
) -> tuple[Correspondence, Outcome]:
    """What it says of the address that the mail went to."""
    address = account.addresses.address_of(message, account.person)
    if address is None or report.weight is Weight.ours:
        return account, Outcome()
    evidence = f"{report.code or 'no code'} for message {message.message_id} ({report.via})"
    if report.weight is Weight.hard:
        return suppress(account, Suppression(
            address_hash=address, reach=Reach.everything, reason=report.reason, since=at, evidence=evidence
        ))  # fmt: skip
    known = account.addresses.soft.get(address, ())
    if any(one.message_id == message.message_id for one in known):
        return account, Outcome()
    one = SoftBounce(address, message.message_id, at)
    account = replace(account, addresses=account.addresses.with_soft(one))
    lately = sum(at - policy.bounces.within < other.at <= at for other in (*known, one))
    outcome = Outcome(rows=(one,))
    if lately < policy.bounces.soft:
        return account, outcome
    account, rests = suppress(account, Suppression(
        address_hash=address, reach=Reach.everything, reason="soft_bounces", since=at, until=at + policy.bounces.rest,
        evidence=f"{lately} mails, the last one: {evidence}",
    ))  # fmt: skip
    return account, outcome + rests


def suppress(account: Correspondence, wanted: Suppression) -> tuple[Correspondence, Outcome]:
    """From now on the address is spared; nothing where it is already, for at least as long."""
    known = account.addresses.suppressions.get((wanted.address_hash, wanted.reach))
    if known is not None and known.holds(wanted.since) and (known.until is None or wanted.until is not None):
        return account, Outcome()
    account = replace(account, addresses=account.addresses.with_suppression(wanted))
    detail = {"reach": str(wanted.reach), "evidence": wanted.evidence}
    if wanted.until is not None:
        detail["until"] = wanted.until.isoformat()
    decision = Decision(
        subject=f"{Channel.email}:{wanted.reach}", rule=RULE, outcome="suppressed", reason=wanted.reason, detail=detail
    )
    return account, Outcome(rows=(wanted,), decisions=(decision,))


def _on_complained(
    account: Correspondence, message: Message, command: Command[Complained]
) -> tuple[Correspondence, Outcome]:
    """Nothing more but what concerns their orders; said to the shop's other systems as their own choice."""
    report = command.data
    evidence = f"complaint ({report.kind}) about message {message.message_id}, passed on by {report.via}"
    address, outcome = account.addresses.address_of(message, account.person), Outcome()
    if address is not None:
        account, outcome = suppress(account, Suppression(
            address_hash=address, reach=Reach.unasked, reason="complained", since=command.at, evidence=evidence
        ))  # fmt: skip
    unasked: dict[Purpose, bool] = {purpose: False for purpose in Purpose if purpose is not Purpose.service}
    choice = Choose(wanted={message.channel: unasked}, way=Way.complaint, evidence=evidence)
    as_choice: Any = replace(command, data=choice)
    account, chosen = on_choose(account, as_choice)
    return account, outcome + chosen if outcome.rows else chosen


def _on_arrived(account: Correspondence, message: Message, at: datetime) -> tuple[Correspondence, Outcome]:
    address = account.addresses.address_of(message, account.person)
    resting = account.addresses.suppressions.get((address or b"", Reach.everything))
    if address is None or (address not in account.addresses.soft and (resting is None or resting.until is None)):
        return account, DUPLICATE
    account = replace(account, addresses=account.addresses.without_rest(address))
    decision = Decision(subject=f"{Channel.email}:{Reach.everything}", rule=RULE, outcome="trusted", reason="arrived")
    return account, Outcome(rows=(Lifted(address, at),), decisions=(decision,))


def bounce_of(message_id: str, meaning: Meaning, code: str | None, via: str) -> Bounced:
    """The command that says it."""
    return Bounced(message_id=message_id, weight=meaning.weight, reason=meaning.reason, code=code, via=via)
