"""How likely a promise is to be missed, and whether that is enough to warn somebody.

Owns the chance, the bar that it must reach, and its recalibration. Must not know when somebody looks (ticks.py), nor
how it is put into words (words.py).
"""

from datetime import date, datetime, timedelta

from msgspec import Struct

from orders_listener.early_warning.journeys import Journey
from orders_listener.early_warning.snapshots import (
    BINS,
    CALIBRATION_FORECASTS,
    DECILES,
    MILLI,
    Snapshot,
    Tally,
)
from orders_listener.early_warning.ticks import Tick

ENOUGH_DELIVERIES = 30
"""A shop that has seen fewer knows nothing yet."""
ENOUGH_FORECASTS_MILLI = 15_000
FIRST_BAR_MILLI = 750
"""Where the bar stands until enough forecasts have been made."""
LOWEST_BAR_MILLI = 500
"""Nobody is warned of what will probably not happen."""
NEARLY_SURE_MILLI = 950
"""Before the last tick that gives the wanted lead, only this is enough."""
MOST_LIKELY_A_DAY = 0.97
ENOUGH_KNOWN = 20
"""So many forecasts of the same kind must have come true or not before a percentage is shown."""


class Forecast(Struct, frozen=True, kw_only=True):
    """What was thought of one promise at one tick. A row that the daily closing learns from."""

    order_id: str
    ends_at: datetime
    at: datetime
    stage: int
    """Which of the wanted leads the tick was the last for; -1 for earlier ones."""
    forecast_on: date
    promised_on: date
    raw_milli: int
    """The chance to come late, in thousandths, as the model gives it."""
    late_milli: int
    """… recalibrated by what became of such forecasts."""
    bar_milli: int
    snapshot: str
    """Version of the numbers that were used."""

    @property
    def warns(self) -> bool:
        """Likely enough."""
        return self.raw_milli >= self.bar_milli


def forecast(journey: Journey, tick: Tick, snapshot: Snapshot, *, ends_at: datetime, caught: float) -> Forecast | None:
    """What is to be thought at a tick; None while the shop has not learned enough.

    `caught` is the share of late orders that warnings at the last tick should find.
    """
    if snapshot.delivered < ENOUGH_DELIVERIES:
        return None
    raw_milli = round(late_chance(snapshot, journey, tick.on, tick.promised_on) * MILLI)
    tally = snapshot.tallies[tick.stage] if 0 <= tick.stage < len(snapshot.tallies) else None
    return Forecast(
        order_id=journey.order_id,
        ends_at=ends_at,
        at=tick.at,
        stage=tick.stage,
        forecast_on=tick.on,
        promised_on=tick.promised_on,
        raw_milli=raw_milli,
        late_milli=recalibrated(tally, raw_milli),
        bar_milli=bar(tally, caught) if tick.stage >= 0 else NEARLY_SURE_MILLI,
        snapshot=snapshot.version,
    )


def late_chance(snapshot: Snapshot, journey: Journey, on: date, promised_on: date) -> float:
    """That an order not delivered on the evening of `on` is not delivered until the end of `promised_on`.

    The product over the days left of (1 - chance of delivery); who is not handed over yet may be on each of them.
    """
    waiting, under_way = (0.0, {on - journey.moved_on: 1.0}) if journey.moved_on else (1.0, {})
    pace = snapshot.pace(journey.region)
    day = on
    while day < promised_on:
        day += timedelta(days=1)
        weekday = snapshot.weekday(day, journey.country)
        under_way = {
            age + timedelta(days=1): share
            * (1 - _chance(snapshot, journey, (age + timedelta(days=1)).days, weekday * pace))
            for age, share in under_way.items()
        }
        handed_over = waiting * snapshot.handover_chance((day - journey.ship_by_on).days) * min(1.0, weekday)
        waiting -= handed_over
        if handed_over:
            under_way[timedelta()] = handed_over
    return waiting + sum(under_way.values())


def _chance(snapshot: Snapshot, journey: Journey, age_days: int, factor: float) -> float:
    return min(MOST_LIKELY_A_DAY, snapshot.chance(journey.plan, journey.region, age_days) * factor)


def bar(tally: Tally | None, caught: float) -> int:
    """The raw chance from which on warnings find `caught` of the late orders that lately were expected; thousandths.

    It moves with the season: what was rare in summer is common before Christmas.
    """
    if tally is None or sum(tally.lately_milli) < ENOUGH_FORECASTS_MILLI:
        return FIRST_BAR_MILLI
    width = MILLI // BINS
    late = [number * (2 * place + 1) for place, number in enumerate(tally.lately_milli)]
    missing, place = caught * sum(late), BINS
    while missing > 0 and place > 0:
        place -= 1
        missing -= late[place]
    within = -missing / late[place] if late[place] else 0.0
    return max(LOWEST_BAR_MILLI, min(NEARLY_SURE_MILLI, round((place + within) * width)))


def known_like(snapshot: Snapshot, made: Forecast) -> int:
    """Of how many forecasts like this one it is known what became of them."""
    if not 0 <= made.stage < len(snapshot.tallies):
        return 0
    return snapshot.tallies[made.stage].known[decile(made.raw_milli)]


def decile(raw_milli: int) -> int:
    """The tenth of chances that this one is in."""
    return min(DECILES - 1, raw_milli * DECILES // MILLI)


def recalibrated(tally: Tally | None, raw_milli: int) -> int:
    """The share that came late of forecasts like this one, drawn towards the raw chance; neighbours count half."""
    if tally is None:
        return raw_milli
    place = decile(raw_milli)
    weights = [(place + step, 0.5 if step else 1.0) for step in (-1, 0, 1) if 0 <= place + step < DECILES]
    known = sum(tally.known[near] * weight for near, weight in weights)
    late = sum(tally.late[near] * weight for near, weight in weights)
    return round((late * MILLI + CALIBRATION_FORECASTS * raw_milli) / (known + CALIBRATION_FORECASTS))
