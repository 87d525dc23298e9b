"""When issues are opened, on a shop to which every hour of the week does the same harm."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from contracts import Fact, orders
from contracts.vocabulary import Destination, Origin
from orders_listener.calendars import WEEKDAYS
from tests.orders_listener.shop import day, paid, placed, scan, shipment, tell

WEEKS = 40
ORDERS = 1_200
LANES = (("DE", "DE", "Europe/Berlin"), ("DE", "FR", "Europe/Paris"), ("DE", "US", "America/New_York"))


def moments(dice: Random) -> Iterator[datetime]:
    """Each some hours after the one before, whatever day of the week that is."""
    at = day(dice.uniform(0, 7 * WEEKS))
    while True:
        yield at
        at += timedelta(hours=dice.uniform(4, 40))


def story(dice: Random) -> list[Fact]:
    """An order that falls silent at a random step, or a parcel to which something happens."""
    origin, country, zone = dice.choice(LANES)
    at = moments(dice)
    placed_at = next(at)
    bought = placed(
        placed_at=placed_at,
        promised_by=None,
        origin=Origin(country=origin),
        destination=Destination(country=country, zone=zone),
    )
    ways = ["in_transit", "in_transit", dice.choice(["held", "attempt_failed", "in_transit"]), "in_transit"]
    steps = [paid(placed_at), shipment(next(at)), *(scan(status, next(at)) for status in ("picked_up", *ways))]
    return [bought, *steps[: dice.randint(1, len(steps))]]


def test_no_more_than_half_as_many_again_are_found_on_a_monday() -> None:
    dice = Random(5)
    found: Counter[str] = Counter()
    for _ in range(ORDERS):
        facts = story(dice)
        last_at = max(fact.occurred_at for fact in facts[1:])  # type: ignore[attr-defined]  # all but the order have it
        told = tell(*facts, until=last_at + timedelta(days=25))
        found.update(WEEKDAYS[issue.opened_at.weekday()] for issue in told.all(orders.IssueOpened))
    others = sum(found[weekday] for weekday in WEEKDAYS[1:5]) / 4
    assert found.total() > ORDERS
    assert found["monday"] <= 1.5 * others, found
