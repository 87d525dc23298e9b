"""Parcels on their way: packed, handed over, scanned, and with the customer one day, or not."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from contracts.storefront import ShipmentCreated, ShipmentProgressed, ShipmentStatus
from contracts.vocabulary import ShippedLine
from storefront.simulation.days import SHOP_ZONE, later_day, local_day, moment, worked
from storefront.simulation.dice import around, between, dice_of, happens
from storefront.simulation.lanes import Lane
from storefront.simulation.orders import Fate
from storefront.simulation.stories import Story

DAY = timedelta(days=1)
CARRIER_FEED_S = 1_500
"""Within which time the shop hears of a scan, usually."""


class Arrival(NamedTuple):
    """How a parcel ended: with the customer, or broken or lost on the way."""

    at: datetime
    whole: bool


class Voyage(NamedTuple):
    """A parcel's times: handed over, silent for a while or not, and at the door."""

    handed_at: datetime
    silent_from: datetime
    silent_until: datetime
    """The same moment as `silent_from` when it is scanned all the way."""
    door_at: datetime


def send(
    story: Story,
    shipment_id: str,
    ready_at: datetime,
    lines: tuple[ShippedLine, ...],
    fate: Fate,
    *,
    replaces: str | None = None,
) -> Arrival:
    """Tell one parcel's way from the shelf on. `lines` empty: everything that is still to be sent."""
    dice = story.order.dice("parcel", shipment_id)
    packed_at = worked(ready_at + timedelta(hours=around(dice, 7, 0.6)), dice)
    voyage = _voyage(story, packed_at, fate, dice)
    story.parcels += 1
    created = ShipmentCreated(
        customer_id=story.customer_id,
        order_id=story.order_id,
        shipment_id=shipment_id,
        occurred_at=packed_at,
        lines=lines,
        carrier=story.order.lane.carrier.name,
        tracking_number=f"{story.order.lane.carrier.name[:2].upper()}{dice.randrange(10**9, 10**10)}",
        replaces_shipment_id=replaces,
        estimated_delivery_at=_estimate(story.order.lane, voyage.handed_at),
    )
    story.say(created, packed_at, dice)
    return _Parcel(story, shipment_id, dice).travel(packed_at, voyage, fate)


def _voyage(story: Story, packed_at: datetime, fate: Fate, dice: Random) -> Voyage:
    lane = story.order.lane
    handed_day = local_day(packed_at, SHOP_ZONE)
    if fate is Fate.pickup_forgotten:
        handed_day = later_day(handed_day, dice.randint(5, 8), saturdays=False)
    handed_at = moment(handed_day, dice.uniform(17.2, 19), SHOP_ZONE)
    days = around(dice, lane.transit_days * _weather(story, handed_at), lane.carrier.spread)
    silent_from = handed_at + between(dice, 8, 30)
    silence = _silence(fate, dice)
    door_day = later_day(local_day(handed_at + silence, lane.place.zone), max(1, round(days)))
    return Voyage(handed_at, silent_from, silent_from + silence, moment(door_day, dice.uniform(9, 19), lane.place.zone))


def _weather(story: Story, at: datetime) -> float:
    """Some weeks are slow for a whole country: a strike, snow, too many parcels."""
    place = story.order.lane.place
    dice = dice_of(story.order.seed, "weather", place.country, at.isocalendar()[:2])
    return dice.uniform(1.3, 1.9) if happens(dice, 0.1) else 1.0


def _silence(fate: Fate, dice: Random) -> timedelta:
    match fate:
        case Fate.carrier_stall:
            return between(dice, 1.5, 7, unit=DAY)
        case Fate.held:
            return between(dice, 2, 7, unit=DAY)
        case Fate.lost:
            return between(dice, 12, 24, unit=DAY)
    return timedelta()


def _estimate(lane: Lane, handed_at: datetime) -> str:
    return later_day(local_day(handed_at, lane.place.zone), max(1, round(lane.transit_days))).isoformat()


class _Parcel:
    """One parcel while it is being told."""

    def __init__(self, story: Story, shipment_id: str, dice: Random) -> None:
        self.story, self.shipment_id, self.dice = story, shipment_id, dice
        self.zone = story.order.lane.place.zone

    def scan(
        self, status: ShipmentStatus, at: datetime, *, reason: str | None = None, place: str | None = None
    ) -> None:
        scanned = ShipmentProgressed(
            customer_id=self.story.customer_id,
            order_id=self.story.order_id,
            shipment_id=self.shipment_id,
            occurred_at=at,
            status=status,
            reason=reason,
            place=place,
        )
        self.story.say(scanned, at, self.dice, within_s=CARRIER_FEED_S)

    def travel(self, packed_at: datetime, voyage: Voyage, fate: Fate) -> Arrival:
        self.scan(ShipmentStatus.label_created, packed_at + timedelta(minutes=1))
        self.scan(ShipmentStatus.picked_up, voyage.handed_at, place="Warehouse")
        self._roll(voyage, fate)
        if fate is Fate.lost:
            self.scan(ShipmentStatus.lost, voyage.silent_until, reason="The carrier gave up the search.")
            return Arrival(voyage.silent_until, whole=False)
        if fate is Fate.damaged:
            self.scan(ShipmentStatus.damaged, voyage.door_at, reason="Damaged in the depot.")
            return Arrival(voyage.door_at, whole=False)
        if fate is Fate.not_fetched:
            return Arrival(self._bring_back(voyage.door_at), whole=False)
        return Arrival(self._deliver(voyage.door_at, fate), whole=True)

    def _roll(self, voyage: Voyage, fate: Fate) -> None:
        at = voyage.handed_at + between(self.dice, 4, 12)
        while at < voyage.door_at - timedelta(hours=12):
            if not voyage.silent_from < at < voyage.silent_until and not (
                fate is Fate.lost and at > voyage.silent_from
            ):
                self.scan(ShipmentStatus.in_transit, at, place=f"Hub {self.dice.randint(1, 12)}")
            at += between(self.dice, 14, 30)
        if fate is Fate.held:
            self.scan(ShipmentStatus.held, voyage.silent_from, reason="Waiting for customs.")
        elif fate is Fate.carrier_stall and happens(self.dice, 0.4):
            self.scan(
                ShipmentStatus.delayed, voyage.silent_from + between(self.dice, 6, 40), reason="Depot overloaded."
            )

    def _deliver(self, door_at: datetime, fate: Fate) -> datetime:
        self._go_out(door_at)
        if fate is Fate.attempt_failed:
            door_at = self._try_again(door_at)
        self.scan(ShipmentStatus.delivered, door_at)
        return door_at

    def _bring_back(self, door_at: datetime) -> datetime:
        """Nobody fetches it; returns when the shop has it again."""
        self._go_out(door_at)
        self.scan(ShipmentStatus.attempt_failed, door_at, reason="Nobody was at home.")
        self.scan(ShipmentStatus.available_for_pickup, door_at + between(self.dice, 2, 5), place="Parcel shop")
        given_up_at = door_at + between(self.dice, 7, 9, unit=DAY)
        self.scan(ShipmentStatus.returning, given_up_at, reason="Nobody fetched it.")
        returned_at = given_up_at + between(self.dice, 2, 4, unit=DAY)
        self.scan(ShipmentStatus.returned, returned_at, place="Warehouse")
        return returned_at

    def _try_again(self, door_at: datetime) -> datetime:
        self.scan(ShipmentStatus.attempt_failed, door_at, reason="Nobody was at home.")
        if happens(self.dice, 0.4):
            self.scan(ShipmentStatus.available_for_pickup, door_at + between(self.dice, 2, 5), place="Parcel shop")
            return door_at + between(self.dice, 20, 110)
        day = later_day(local_day(door_at, self.zone), 1)
        again_at = moment(day, self.dice.uniform(9, 19), self.zone)
        self._go_out(again_at)
        return again_at

    def _go_out(self, door_at: datetime) -> None:
        day = local_day(door_at, self.zone)
        self.scan(ShipmentStatus.out_for_delivery, moment(day, self.dice.uniform(6, 8.5), self.zone))
