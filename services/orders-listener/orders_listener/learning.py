"""SQL of the early warning: journeys and forecasts as rows, a day summed up, the snapshot of a morning.

A day is the destination's and is learned from when it is over everywhere on earth: the closing of a day (UTC) sums up
the day before it. Sums are of integers, so no order of rows matters.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

import msgspec
from sqlalchemy import text

from chassis.service import Tx
from orders_listener.early_warning.forecasts import Forecast
from orders_listener.early_warning.journeys import Journey
from orders_listener.early_warning.mornings import Mornings, open_from
from orders_listener.early_warning.snapshots import Day, Forecasts, Outcomes, Snapshot, Transits, Waits, after

A_DAY = timedelta(days=1)
LONGEST_JOURNEY_DAYS = 120
"""Nobody learns from a parcel that has been under way for longer, or from an order so long after its ship-by date."""


async def close(tx: Tx, closed: date) -> None:
    """Sum up the day that is over everywhere, and write the snapshot that holds from the next morning on."""
    day = closed - A_DAY
    before = await snapshot_at(tx, day)
    shown = await shown_on(tx, day)
    if before.day is None and not (shown.transits or shown.waits):
        return  # the shop has not begun
    document = msgspec.json.encode(after(before, shown)).decode()
    await tx.execute(_SAVE_SNAPSHOT, {"day": day, "document": document})


async def mornings_at(tx: Tx, moments: Iterable[datetime]) -> Mornings:
    """What held at each of these moments. One statement, none for none."""
    open_days = sorted({open_from(moment) for moment in moments})
    if not open_days:
        return Mornings()
    return Mornings((day, document) for day, document in await tx.execute(_MORNINGS, {"open_days": open_days}))


async def mornings_between(tx: Tx, since: datetime, until: datetime) -> Mornings:
    """What held at any moment from `since` to `until`; a year is some megabytes. One statement."""
    return await mornings_at(tx, [*(since + number * A_DAY for number in range((until - since).days + 1)), until])


async def snapshot_at(tx: Tx, before: date) -> Snapshot:
    """The newest snapshot of a day before `before`; blank when there is none."""
    document: str | None = (await tx.execute(_SNAPSHOT, {"before": before})).scalar_one_or_none()
    return _decoded(document) if document else Snapshot()


@lru_cache(maxsize=4)
def _decoded(document: str) -> Snapshot:
    return msgspec.json.decode(document, type=Snapshot)


async def shown_on(tx: Tx, day: date) -> Day:
    """What a day showed, in four statements."""
    when = {"day": day, "longest": LONGEST_JOURNEY_DAYS}
    return Day(
        day=day,
        transits=tuple(Transits(*row) for row in await tx.execute(_TRANSITS, when)),
        waits=tuple(Waits(*row) for row in await tx.execute(_WAITS, when)),
        forecasts=tuple(Forecasts(*row) for row in await tx.execute(_FORECASTS, {"day": day})),
        outcomes=tuple(Outcomes(*row) for row in await tx.execute(_OUTCOMES, {"day": day})),
    )


async def save_journeys(tx: Tx, journeys: Mapping[str, Journey]) -> None:
    """Write what has changed. One statement, none for nothing."""
    if journeys:
        rows = [journeys[order_id] for order_id in sorted(journeys)]
        values = {name: [getattr(row, name) for row in rows] for name in Journey.__struct_fields__}
        await tx.execute(_SAVE_JOURNEYS, values | {"ended_on": [row.ended_on or date.max for row in rows]})


async def save_forecasts(tx: Tx, forecasts: Sequence[Forecast]) -> None:
    """Write what was forecast. One statement, none for nothing."""
    if forecasts:
        values = {name: [getattr(row, name) for row in forecasts] for name in Forecast.__struct_fields__}
        await tx.execute(_SAVE_FORECASTS, values)


_SNAPSHOT = text("""
    select document::text from snapshots where day < :before order by day desc limit 1
""")
_MORNINGS = text("""
    select day, document::text from snapshots where day in (
        select (select max(day) from snapshots where day < open_day)
        from unnest(cast(:open_days as date[])) as v (open_day))
""")
_SAVE_SNAPSHOT = text("""
    insert into snapshots (day, document) values (:day, cast(:document as jsonb))
""")
_TRANSITS = text("""
    select plan, region, country, :day - moved_on, count(*), count(*) filter (where delivered and ended_on = :day)
    from journeys
    where ended_on >= :day and (delivered or ended_on > :day) and moved_on <= :day and moved_known_on <= :day
      and :day - moved_on <= :longest
    group by 1, 2, 3, 4
""")
_WAITS = text("""
    select :day - ship_by_on, count(*), count(*) filter (where moved_known_on = :day)
    from journeys
    where ended_on >= :day and (delivered or ended_on > :day) and known_on <= :day
      and (moved_known_on is null or moved_known_on >= :day) and :day - ship_by_on <= :longest
    group by 1
""")
_FORECASTS = text("""
    select stage, raw_milli, count(*) from forecasts where forecast_on = :day and stage >= 0 group by 1, 2
""")
_OUTCOMES = text("""
    select f.stage, f.raw_milli, count(*), count(*) filter (where j.ended_on > :day)
    from forecasts f join journeys j using (order_id)
    where f.promised_on = :day and f.stage >= 0 and (j.delivered or j.ended_on > :day)
    group by 1, 2
""")
_SAVE_JOURNEYS = text("""
    insert into journeys (order_id, plan, country, region, known_on, ship_by_on, promised_on, moved_on, moved_known_on,
                          ended_on, delivered)
    select * from unnest(cast(:order_id as text[]), cast(:plan as text[]), cast(:country as text[]),
                         cast(:region as text[]), cast(:known_on as date[]), cast(:ship_by_on as date[]),
                         cast(:promised_on as date[]), cast(:moved_on as date[]), cast(:moved_known_on as date[]),
                         cast(:ended_on as date[]), cast(:delivered as boolean[]))
    on conflict (order_id) do update set
        plan = excluded.plan, country = excluded.country, region = excluded.region, known_on = excluded.known_on,
        ship_by_on = excluded.ship_by_on, promised_on = excluded.promised_on, moved_on = excluded.moved_on,
        moved_known_on = excluded.moved_known_on, ended_on = excluded.ended_on, delivered = excluded.delivered
""")
_SAVE_FORECASTS = text("""
    insert into forecasts (order_id, ends_at, stage, at, forecast_on, promised_on, raw_milli, late_milli, bar_milli,
                           snapshot)
    select * from unnest(cast(:order_id as text[]), cast(:ends_at as timestamptz[]), cast(:stage as smallint[]),
                         cast(:at as timestamptz[]), cast(:forecast_on as date[]), cast(:promised_on as date[]),
                         cast(:raw_milli as smallint[]), cast(:late_milli as smallint[]),
                         cast(:bar_milli as smallint[]), cast(:snapshot as text[]))
    on conflict (order_id, ends_at, at) do nothing
""")
