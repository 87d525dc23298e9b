"""What real feeds do to the truth: scans said twice, days late, or in the wrong order. What happened stays true."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from contracts.storefront import ShipmentCreated, ShipmentProgressed, ShipmentStatus
from storefront.saying import Said
from storefront.simulation.dice import between, drawn
from storefront.simulation.stories import Story

Feed = list[Said]


def _clean(said: Feed, dice: Random) -> Feed:  # noqa: ARG001 one of many
    return said


def _repeated(said: Feed, dice: Random) -> Feed:
    """The publisher was not sure whether it had been heard: the same event, once more."""
    return [*said, dice.choice(said)]


def _said_again(said: Feed, dice: Random) -> Feed:
    """The carrier's feed says days later what it has said before: a new event about an old scan."""
    fact, said_at = dice.choice(_scans(said))
    return [*said, Said(fact, said_at + between(dice, 5, 80))]


def _late(said: Feed, dice: Random) -> Feed:
    """One scan is heard of hours later."""
    scan = dice.choice(_scans(said))
    return _moved(said, scan, between(dice, 3, 22))


def _delivered_before_picked_up(said: Feed, dice: Random) -> Feed:
    """The first scan comes after the last."""
    scans = _scans(said)
    picked_up = next(each for each in scans if _status(each) is ShipmentStatus.picked_up)
    last_at = max(each.said_at for each in scans)
    return _moved(said, picked_up, last_at - picked_up.said_at + between(dice, 0.2, 6))


def _announced_late(said: Feed, dice: Random) -> Feed:
    """Scans of a parcel that the shop has not announced yet."""
    created = next(each for each in said if isinstance(each.fact, ShipmentCreated))
    return _moved(said, created, between(dice, 6, 40))


KINDS: dict[Callable[[Feed, Random], Feed], float] = {
    _clean: 85,
    _repeated: 5,
    _said_again: 3,
    _late: 4,
    _delivered_before_picked_up: 1.5,
    _announced_late: 1.5,
}
"""Of a hundred orders that are sent."""


def blur(story: Story) -> None:
    """Let the feed do what feeds do; only to orders that have a parcel."""
    if story.parcels:
        dice = story.order.dice("noise")
        story.said = drawn(dice, KINDS)(story.said, dice)


def _scans(said: Feed) -> Feed:
    return [each for each in said if isinstance(each.fact, ShipmentProgressed)]


def _status(said: Said) -> ShipmentStatus | None:
    return said.fact.status if isinstance(said.fact, ShipmentProgressed) else None


def _moved(said: Feed, moved: Said, later: timedelta) -> Feed:
    return [Said(each.fact, each.said_at + later) if each is moved else each for each in said]
