"""Whose turn it is: when several messages would share what room is left, the most important are said first.

Owns the order among one customer's messages, and among customers by what they are to the shop.
"""

from datetime import datetime, timedelta

from notifier.circumstances import Circumstances, Said
from notifier.correspondence import Correspondence
from notifier.kinds import KINDS, Concern
from notifier.messages import Message
from notifier.policy import Policy
from notifier.sending import Send, Verdict, decide

_CONCERNS = {concern: place for place, concern in enumerate(Concern)}
_KINDS = {kind: place for place, kind in enumerate(KINDS)}
HIGHEST_TIER = 99
ISSUES_END_AT = 100
"""Whatever is about an issue has a smaller priority."""


def priority(message: Message, facts: Circumstances, policy: Policy) -> int:
    """The place among all that is ready, smaller first: by concern, and within one by tier.

    No tier brings an advertisement before somebody else's lost parcel.
    """
    rank = policy.tiers.index(facts.tier) + 1 if facts.tier in policy.tiers else 0
    return _CONCERNS[message.rules.concern] * 100 + HIGHEST_TIER - min(rank, HIGHEST_TIER)


def turn(message: Message) -> timedelta:
    """So much later than what is most important it is decided, where many wait for one moment, as in the morning."""
    return _CONCERNS[message.rules.concern] * timedelta(microseconds=1)


def decide_in_turn(account: Correspondence, message: Message, policy: Policy, now: datetime) -> Verdict:
    """The decision about `message`, as if everything more important that can be said now had been said."""
    facts, blocks = account.circumstances, account.blocks(now)
    if policy.limited(message.rules.concern):
        for rival in sorted(account.messages.values(), key=_importance):
            if _importance(rival) >= _importance(message):
                break
            if rival.waiting and isinstance(decide(account.person, rival, facts, policy, now, blocks), Send):
                joined = f"{rival.kind} {rival.broadcast_id}"  # those that join take one place together
                place = joined if rival.rules.joins else rival.message_id
                facts = facts.with_said(place, Said(rival.rules.concern, now))
    return decide(account.person, message, facts, policy, now, blocks)


def _importance(message: Message) -> tuple[int, int, datetime, str]:
    return _CONCERNS[message.rules.concern], _KINDS[message.kind], message.intended_at, message.message_id
