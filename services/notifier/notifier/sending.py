"""The decision at sending: everything is looked at again, against what is true at that moment.

`decide` is pure and is also what answers "why not?" over HTTP.
"""

from datetime import datetime

from msgspec import Struct

from contracts.orders import Resolution
from contracts.vocabulary import IssueKind
from notifier.circumstances import Circumstances, Stage
from notifier.courtesy import Courtesy, QuietHours
from notifier.messages import Message
from notifier.people import Person, zone_of


class Send(Struct, frozen=True):
    """Now."""


class Hold(Struct, frozen=True):
    """Not now; to be decided again at `until`, or earlier when what it waits for comes."""

    until: datetime
    reason: str


class Suppress(Struct, frozen=True):
    """Never."""

    reason: str


Verdict = Send | Hold | Suppress

REMEDIES = {
    "quiet_hours": "It goes out when the quiet hours on the customer's clock are over.",
    "waiting_for_contact": "It goes out as soon as the storefront says an e-mail address of this customer.",
    "issue_open": "It goes out when no issue of this customer is open any more, if it is still worth saying then.",
    "paused": "It goes out when the pause that the customer asked for is over, if it is still worth saying then.",
    "deferred": "It goes out when the mail server takes it.",
    "no_contact": "An e-mail address of this customer, in time.",
    "consent_withdrawn": "The customer's consent to this purpose by e-mail.",
    "expired": "Being able to say it while it was worth saying.",
    "erased": "Nothing: the customer asked to be forgotten.",
    "issue_resolved": "The issue still being open when it could be told.",
    "opening_not_told": "The customer having heard of the issue before it was solved.",
    "order_cancelled": "The order not being cancelled.",
    "delivered_meanwhile": "The order not having arrived before it could be told.",
    "told_with_resolution": "No other message saying the same at the same time.",
    "refused": "An address that the mail server accepts.",
    "gave_up": "A mail server that takes it in time.",
    "outcome_unknown": "Knowing whether it arrived; this kind is not said twice.",
}
"""Reason code → what would have changed the outcome, for people."""

_ABOUT_AN_ISSUE = ("issue_opened", "issue_worse", "issue_resolved")
_AFTER_CANCELLATION = (IssueKind.refund_overdue,)
_ENDS_BY_ORDER = {"order_delivered": Resolution.delivered, "order_cancelled": Resolution.cancelled}


def decide(person: Person, message: Message, facts: Circumstances, courtesy: Courtesy, now: datetime) -> Verdict:
    """Whether `message` may be said to `person` at `now`. The first rule that objects decides."""
    if person.erased:
        return Suppress("erased")
    if overtaken := _overtaken(message, facts):
        return Suppress(overtaken)
    if person.email is None:
        patience_ends_at = message.told_by or message.expires_at
        waits = now < patience_ends_at
        return Hold(patience_ends_at, "waiting_for_contact") if waits else Suppress("no_contact")
    if now >= message.expires_at:
        return Suppress("expired")
    if not person.allows(message.channel, message.rules.purpose):
        return Suppress("consent_withdrawn")
    if message.rules.waits_for_peace and facts.troubled:
        return Hold(message.expires_at, "issue_open")
    if paused_until := person.paused(message.rules.purpose, now):
        return Hold(min(paused_until, message.expires_at), "paused")
    own = person.preferences.quiet_hours
    quiet = QuietHours(own.begins, own.ends) if own else courtesy.quiet_hours
    if quiet_until := quiet.end(now, zone_of(person.zone) or courtesy.shop_zone):
        return Hold(quiet_until, "quiet_hours")
    return Send()


def _overtaken(message: Message, facts: Circumstances) -> str | None:
    """Why what happened since makes the message pointless; None when it still says something."""
    if message.kind in _ABOUT_AN_ISSUE:
        return _overtaken_issue(message, facts)
    stage = facts.stage_of(message.order_id)
    if message.kind in _ENDS_BY_ORDER and _told_with_resolution(message, facts):
        return "told_with_resolution"
    if stage is Stage.cancelled and message.kind in ("order_confirmed", "order_shipped", "survey", "points_earned"):
        return "order_cancelled"
    if stage is Stage.delivered and message.kind in ("order_confirmed", "order_shipped"):
        return "delivered_meanwhile"
    return None


def _overtaken_issue(message: Message, facts: Circumstances) -> str | None:
    issue = facts.issues.get(message.issue_id or "")
    if issue is None:
        return "issue_resolved"
    if message.kind == "issue_resolved":
        return None if issue.told else "opening_not_told"
    if not issue.open:
        return "issue_resolved"
    cancelled = facts.stage_of(message.order_id) is Stage.cancelled and issue.kind not in _AFTER_CANCELLATION
    return "order_cancelled" if cancelled else None


def _told_with_resolution(message: Message, facts: Circumstances) -> bool:
    """An issue of this order, of which the customer was told, ended by the very same fact."""
    ending = _ENDS_BY_ORDER[message.kind]
    issues = (issue for issue in facts.issues.values() if issue.order_id == message.order_id)
    return any(issue.told and issue.resolution is ending for issue in issues)
