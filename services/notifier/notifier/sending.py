"""The decision at sending: everything is looked at again, against what is true at that moment.

`decide` is pure and is also what answers "why not?" over HTTP.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from contracts.orders import Resolution
from contracts.vocabulary import Channel, IssueKind
from notifier.caps import full
from notifier.channels import choose
from notifier.circumstances import Circumstances, Issue, Stage
from notifier.courtesy import part_around, quiet_until
from notifier.messages import Message
from notifier.pauses import AWAY_PAUSE, spread
from notifier.people import Person, zone_of
from notifier.policy import Policy
from notifier.suppressions import NO_BLOCKS, Blocks


class Send(Struct, frozen=True):
    """Now, on this channel."""

    channel: Channel = Channel.email
    detail: dict[str, Any] = {}
    """The channels that were looked at before it, and why not those."""


class Hold(Struct, frozen=True):
    """Not now; to be decided again at `until`, or earlier when what it waits for comes."""

    until: datetime
    reason: str
    detail: dict[str, Any] = {}
    """The numbers that the rule looked at."""


class Suppress(Struct, frozen=True):
    """Never."""

    reason: str
    detail: dict[str, Any] = {}


Verdict = Send | Hold | Suppress

REMEDIES = {
    "quiet_hours": "It goes out when the quiet hours on the customer's clock are over.",
    "waiting_for_contact": "It goes out as soon as the storefront says an address of this customer that it can go to.",
    "issue_open": "It goes out when no issue of this customer is open any more, if it is still worth saying then.",
    "preferred_hour": "It goes out at the time of day at which the customer would rather hear from us.",
    "paused": "It goes out when the pause that the customer asked for is over, if it is still worth saying then.",
    "after_issue": "It goes out some time after the customer's last issue ended, if it is still worth saying then.",
    "gathering": "It goes out a few minutes after the issue opened, with others that open meanwhile.",
    "cap_reached": "It goes out in the customer's next day or week: of its purpose enough was said in this one.",
    "budget_spent": "It goes out in the customer's next day or week: enough was said in this one.",
    "waiting_for_facts": "It is decided when the customer's parked event is redriven, or their partition is heard.",
    "deferred": "It goes out when the provider takes it.",
    "no_contact": "An address of this customer on a channel that has a provider, in time.",
    "suppressed_address": "Another address of the customer, or somebody lifting the suppression of this one.",
    "complained": "The customer's own consent, given after they complained of mail.",
    "bounced": "An address that takes mail; another one of the customer is written to again.",
    "consent_withdrawn": "The customer's consent to this purpose on a channel with an address.",
    "channel_down": "It goes out when a provider is there again, of this channel or of another one that is allowed.",
    "expired": "Being able to say it while it was worth saying.",
    "erased": "Nothing: the customer asked to be forgotten.",
    "greetings_off": "The shop's policy, if it wanted to greet.",
    "past": "Nothing: it follows from a past that was read in.",
    "issue_resolved": "The issue still being open when it could be told.",
    "opening_not_told": "The customer having heard of the issue before it was solved.",
    "warned_already": "Another promise for this order: of this one the customer was warned before.",
    "told_together": "Nothing: it was told inside of another message.",
    "order_cancelled": "The order not being cancelled.",
    "delivered_meanwhile": "The order not having arrived before it could be told.",
    "opening_says_it": "Nothing: the message that tells the issue says how it is then.",
    "no_worse": "The issue getting worse.",
    "told_with_resolution": "No other message saying the same at the same time.",
    "refused": "An address that the provider accepts.",
    "gave_up": "A provider that takes it in time.",
    "unknown": "It goes out again after a pause: nobody knows whether it arrived, and it matters.",
    "outcome_unknown": "Knowing whether it arrived; this kind is not said twice.",
}
"""Reason code → what would have changed the outcome, for people."""

_AFTER_CANCELLATION = (IssueKind.refund_overdue,)
_ENDS_BY_ORDER = {
    "order_delivered": Resolution.delivered,
    "order_refunded": Resolution.refunded,
}
"""Of these the end of an issue says all there is to say; of a cancellation not why, nor what becomes of the money."""


def decide(
    person: Person, message: Message, facts: Circumstances, policy: Policy, now: datetime, blocks: Blocks = NO_BLOCKS
) -> Verdict:
    """Whether `message` may be said to `person` at `now`, and on which channel. The first rule that objects decides."""
    if person.erased:
        return Suppress("erased")
    if overtaken := _overtaken(message, facts):
        return Suppress(overtaken)
    choice = choose(person, message.rules.concern, message.rules.purpose, policy, blocks)
    if choice.channel is None and choice.obstacle == "no_contact":
        patience_ends_at = message.told_by or message.expires_at
        waits = now < patience_ends_at
        return (
            Hold(patience_ends_at, "waiting_for_contact", choice.detail)
            if waits
            else Suppress("no_contact", choice.detail)
        )
    if now >= message.expires_at:
        return Suppress("expired")
    if choice.channel is None and choice.obstacle != "channel_down":
        return Suppress(choice.obstacle, choice.detail)
    held = _held(person, message, facts, policy, now)
    if held is None and choice.channel is None:
        until = now + spread(AWAY_PAUSE, message.message_id, message.attempts)
        return Hold(min(until, message.expires_at), "channel_down", choice.detail)
    return held or Send(choice.channel or Channel.email, choice.detail)


def _held(person: Person, message: Message, facts: Circumstances, policy: Policy, now: datetime) -> Hold | None:
    """Why it is not the moment for it, whatever the channel."""
    if paused_until := person.paused(message.rules.purpose, now):
        return Hold(min(paused_until, message.expires_at), "paused")
    if message.rules.waits_for_peace and facts.troubled:
        return Hold(message.expires_at, "issue_open")
    if message.rules.waits_for_peace and (rested_at := _rested_at(facts, policy, now)):
        return Hold(rested_at, "after_issue")
    if other_hour := _at_another_hour(person, message, policy, now):
        return other_hour
    if no_room := _no_room(person, message, facts, policy, now):
        return no_room
    if until := _gathers_until(message, policy, now):
        return Hold(until, "gathering")
    return None


def _at_another_hour(person: Person, message: Message, policy: Policy, now: datetime) -> Hold | None:
    """Held until the hour that they prefer, or until the quiet is over; None when now is right."""
    if until := _preferred_at(person, message, policy, now):
        return Hold(until, "preferred_hour")
    if until := _quiet_until(person, message, policy, now):
        return Hold(until, "quiet_hours")
    return None


def _preferred_at(person: Person, message: Message, policy: Policy, now: datetime) -> datetime | None:
    """When the part of the day begins in which they would rather hear it.

    None when it is now, when it would come too late, and when it is quiet then: what cannot be met holds nothing.
    """
    part = person.preferences.hour
    if part is None or not message.rules.keeps_hour:
        return None
    begins, ends = part_around(part, now, zone_of(person.zone) or policy.zone)
    if begins <= now:
        return None
    begins = _quiet_until(person, message, policy, begins) or begins
    return begins if begins < min(ends, message.expires_at) else None


def _rested_at(facts: Circumstances, policy: Policy, now: datetime) -> datetime | None:
    """When enough time has passed since the last trouble; None when it has."""
    ended_at = facts.last_trouble_ended_at
    rested_at = ended_at + policy.rest_after_issue if ended_at else now
    return rested_at if rested_at > now else None


def _gathers_until(message: Message, policy: Policy, now: datetime) -> datetime | None:
    """So long it waits for others of its kind; None when it does no longer."""
    if not message.rules.joins:
        return None
    until = min(message.intended_at + policy.group_window, message.told_by or message.expires_at)
    return until if until > now else None


def _no_room(person: Person, message: Message, facts: Circumstances, policy: Policy, now: datetime) -> Hold | None:
    """Held until the period ends, and the quiet with which the next one begins."""
    if not policy.limited(message.rules.concern):
        return None
    zone = zone_of(person.zone) or policy.zone
    found = full(facts.lately_said.values(), message.rules.concern, policy, now, zone)
    if found is None:
        return None
    until = _quiet_until(person, message, policy, found.until) or found.until
    return Hold(until, found.reason, {"period": found.period, "limit": found.limit, "said": found.said})


def _quiet_until(person: Person, message: Message, policy: Policy, now: datetime) -> datetime | None:
    """The person's own hours go over the policy's; its closed days hold all the same."""
    country, zone = person.country or policy.country, zone_of(person.zone) or policy.zone
    quiet = policy.quiet(country, message.rules.concern)
    if own := person.preferences.quiet_hours:
        quiet = replace(quiet, begins=own.begins, ends=own.ends)
    return quiet_until(quiet, country, now, zone)


def _overtaken(message: Message, facts: Circumstances) -> str | None:
    """Why what happened since makes the message pointless; None when it still says something."""
    if message.rules.about_issue:
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
    if _warned_already(message, issue, facts):
        return "warned_already"
    if message.kind == "issue_resolved":
        if not issue.told:
            return "opening_not_told"
        ended_with_order = issue.resolution is Resolution.cancelled
        return "told_with_resolution" if ended_with_order and _is_cancelled(issue, facts) else None
    if not issue.open:
        return "issue_resolved"
    return "order_cancelled" if _is_cancelled(issue, facts) and issue.kind not in _AFTER_CANCELLATION else None


def _is_cancelled(issue: Issue, facts: Circumstances) -> bool:
    return facts.stage_of(issue.order_id) is Stage.cancelled


def _warned_already(message: Message, issue: Issue, facts: Circumstances) -> bool:
    """One warning for each promise, however often it is in danger."""
    warns = message.kind in ("issue_opened", "issue_worse") and issue.kind is IssueKind.delivery_at_risk
    return warns and facts.warned.get(issue.order_id) == issue.promise


def _told_with_resolution(message: Message, facts: Circumstances) -> bool:
    """An issue of this order, of which the customer was told, ended by the very same fact."""
    ending = _ENDS_BY_ORDER[message.kind]
    ended = [
        issue
        for issue in facts.issues.values()
        if issue.order_id == message.order_id and issue.told and issue.resolution is ending
    ]
    if ending is Resolution.refunded:  # an order may have several refunds
        return any(issue.evidence.get("refund_id") == message.subject for issue in ended)
    return bool(ended)
