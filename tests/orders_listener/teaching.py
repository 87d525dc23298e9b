"""A shop that has been taught: snapshots out of days that somebody thought of."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from sqlalchemy import text

from chassis.runtime import Runtime
from orders_listener.early_warning.mornings import Mornings
from orders_listener.early_warning.snapshots import Day, Forecasts, Outcomes, Snapshot, Transits, Waits, after

FIRST_DAY = date(2026, 1, 12)
"""A Monday, seven weeks before the shop's START."""
DAYS = 48
PLAN = "plan 02"
"""Four or five days, as an order promised for the eighth day and shipped after three."""


def taught(
    chances: Sequence[float] = (0, 0.5, 0.5, 0.5, 0.5),
    later: float = 0.05,
    *,
    region: str = "DE",
    sundays: bool = False,
    slow_since: int | None = None,
    forecasts: tuple[Forecasts, ...] = (),
    outcomes: tuple[Outcomes, ...] = (),
) -> Snapshot:
    """Every day a hundred parcels of each age are delivered with these chances; `slow_since` day nothing comes."""
    snapshot = Snapshot()
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        rest = (sundays and day.weekday() == 6) or (slow_since is not None and number >= slow_since)
        ages = [*chances, *[later] * (30 - len(chances))]
        transits = [
            Transits(PLAN, region, "DE", age, 100, 0 if rest else round(100 * chance))
            for age, chance in enumerate(ages)
        ]
        waits = [Waits(wait, 100, 50) for wait in range(-3, 1)] + [Waits(wait, 100, 10) for wait in range(1, 9)]
        shown = Day(
            day=day, transits=tuple(transits), waits=tuple(waits), forecasts=forecasts, outcomes=outcomes
        )  # fmt: skip
        snapshot = after(snapshot, shown)
    return snapshot


def mornings(*snapshots: Snapshot) -> Mornings:
    """These snapshots, as they are stored."""
    return Mornings((each.day, msgspec.json.encode(each).decode()) for each in snapshots if each.day)


async def teach(runtime: Runtime, *snapshots: Snapshot) -> None:
    """As if the shop had closed these days."""
    rows = [{"day": each.day, "document": msgspec.json.encode(each).decode()} for each in snapshots]
    async with runtime.transaction() as tx:
        await tx.execute(text("insert into snapshots values (:day, cast(:document as jsonb))"), rows)
