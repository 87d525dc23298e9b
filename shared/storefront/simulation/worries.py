"""When customers whose order is in trouble write on their own: after what they can see, never after what we tell them.

Drawn from dice of their own, and after everything else of the order, so that the rest of the shop stays as it is. Those
who write because a promise has passed are in `voices`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from contracts.storefront import (
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    PaymentFailed,
    ReturnReceived,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)
from storefront.simulation.dice import around, happens
from storefront.simulation.stories import Story
from storefront.simulation.voices import write

STILL = timedelta(days=3)
"""A parcel that nobody has scanned for so long looks lost to who follows it."""
MONEY = timedelta(days=8)
"""Who waits so long for money begins to count."""
AT_THE_DOOR = {ShipmentStatus.attempt_failed, ShipmentStatus.held, ShipmentStatus.damaged, ShipmentStatus.delayed}


class Worry(NamedTuple):
    """Something that a customer notices: from when until when, how many write about it, and how soon (median)."""

    topic: str
    since: datetime
    until: datetime
    share: float
    hours: float


def worry(story: Story) -> None:
    """At most one contact more: the first worry that lasts longer than their patience and makes them write."""
    dice = story.order.dice("worry")
    for one in sorted(_worries(story), key=lambda one: (one.since, one.topic)):
        writes, at = happens(dice, one.share), one.since + timedelta(hours=around(dice, one.hours, 1.0))
        if writes and at < one.until:
            write(story, one.topic, at, dice)
            return


def _worries(story: Story) -> Iterator[Worry]:
    facts = [said.fact for said in story.said]
    yield from _about_money(facts)
    parcels: dict[str, list[Any]] = {}
    for fact in facts:
        if isinstance(fact, ShipmentCreated | ShipmentProgressed):
            parcels.setdefault(fact.shipment_id, []).append(fact)
    for scans in parcels.values():
        yield from _about_parcel(story, sorted(scans, key=lambda fact: fact.occurred_at))


def _about_money(facts: list[Any]) -> Iterator[Worry]:
    ends = [fact.occurred_at for fact in facts if isinstance(fact, OrderPaid | OrderCancelled)]
    failed = [fact.occurred_at for fact in facts if isinstance(fact, PaymentFailed)]
    if failed:
        yield Worry("payment", min(failed), _first(ends, min(failed)), share=0.25, hours=3)
    refunds = [fact.occurred_at for fact in facts if isinstance(fact, OrderRefunded)]
    owed = [fact.occurred_at for fact in facts if isinstance(fact, OrderCancelled | ReturnReceived)]
    for since in owed if refunds else ():
        yield Worry("refund", since + MONEY, _first(refunds, since), share=0.6, hours=60)


def _about_parcel(story: Story, scans: list[Any]) -> Iterator[Worry]:
    for scan, following in pairwise(scans):
        yield from _between(scan, following.occurred_at)
    if getattr(scans[-1], "status", None) is not ShipmentStatus.delivered and story.ended_at is not None:
        yield from _between(scans[-1], story.ended_at)


def _between(scan: Any, until: datetime) -> Iterator[Worry]:
    if getattr(scan, "status", None) in AT_THE_DOOR:
        yield Worry("where_is_my_order", scan.occurred_at, until, share=0.3, hours=20)
    if until - scan.occurred_at > STILL:
        yield Worry("where_is_my_order", scan.occurred_at + STILL, until, share=0.35, hours=30)


def _first(moments: list[datetime], after: datetime) -> datetime:
    return min((moment for moment in moments if moment > after), default=after)
