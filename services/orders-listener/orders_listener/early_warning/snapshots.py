"""What the shop's closed days have taught: counts, and the factors that follow from them.

A snapshot is the one of the day before and what one more day showed. Everything in it is an integer (expected
deliveries in thousandths), so that the same days give the same snapshot whatever the order of their rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from msgspec import Struct, field

from orders_listener.early_warning.weekdays import kind_of

MILLI = 1_000
OLDEST_AGE = 35
"""The last class of days since the handover; days 26 and later stand in classes of three."""
PRIOR_CHANCE, PRIOR_DAYS = 0.15, 20
"""A parcel of which nothing is known: its chance to be delivered on a day, held as strongly as so many days seen."""
LANE_DAYS = 20
"""Pseudo-days by which a lane is drawn towards the overall curve."""
WEEKDAY_DELIVERIES = 30
"""… and a weekday towards 1."""
PACE_DELIVERIES = 15
"""… and a region's pace towards the nation's."""
PACE_KEPT_MILLI = 871
"""Of the pace's sums so much is left a day later: half of it after five days."""
FIRST_WAIT, WAITS = -12, 40
"""Days from ship-by, from which the handover curve begins, and how many it has."""
PRIOR_HANDOVER, HANDOVER_DAYS = 0.25, 5
BINS, DECILES = 50, 10
FORECASTS_KEPT_MILLI = 920
"""Of the tally of forecasts so much is left a day later: half of it after about eight days …"""
FORECASTS_REMEMBERED = 20
"""… but so many stay: a shop that looks at few orders must not forget faster than it learns."""
CALIBRATION_FORECASTS = 20
"""Forecasts by which a recalibrated chance is drawn towards the raw one."""


class Transits(NamedTuple):
    """Parcels of one kind that were on their way on a day, and how many of them arrived."""

    plan: str
    region: str
    country: str
    age_days: int
    at_risk: int
    delivered: int


class Waits(NamedTuple):
    """Orders not handed over at the beginning of a day, by days from ship-by, and how many were on it."""

    wait_days: int
    at_risk: int
    handed_over: int


class Forecasts(NamedTuple):
    """Forecasts of one raw chance that were made at a tick."""

    stage: int
    raw_milli: int
    number: int


class Outcomes(NamedTuple):
    """What became of promises that ended, by what was forecast."""

    stage: int
    raw_milli: int
    number: int
    late: int


class Day(Struct, frozen=True, kw_only=True):
    """What one day showed."""

    day: date
    transits: tuple[Transits, ...] = ()
    waits: tuple[Waits, ...] = ()
    forecasts: tuple[Forecasts, ...] = ()
    outcomes: tuple[Outcomes, ...] = ()


class Curve(Struct, frozen=True):
    """By class of age: days at risk, and how many of them ended in what was waited for."""

    at_risk: list[int]
    ended: list[int]


class Sums(Struct, frozen=True):
    """Deliveries seen and expected, in thousandths."""

    seen_milli: int = 0
    expected_milli: int = 0

    def plus(self, seen: int, expected_milli: int, kept_milli: int = MILLI) -> "Sums":
        """With another day; of the former sums `kept_milli` thousandths stay."""
        return Sums(
            self.seen_milli * kept_milli // MILLI + seen * MILLI,
            self.expected_milli * kept_milli // MILLI + expected_milli,
        )

    def ratio(self, pseudo: float, towards: float = 1.0) -> float:
        """Seen to expected, drawn `towards` a value as if by so many expected deliveries."""
        return (self.seen_milli + pseudo * MILLI * towards) / (self.expected_milli + pseudo * MILLI)


class Tally(Struct, frozen=True):
    """Forecasts of one stage: how many lately by bin (thousandths), and by decile how many and how many came late."""

    lately_milli: list[int]
    known: list[int]
    late: list[int]


NO_SUMS = Sums()
OVERALL, NATION = "all", ""


class Snapshot(Struct, frozen=True, kw_only=True):
    """The numbers of a morning. Blank before the first closed day."""

    day: date | None = None
    """The last day that is in it."""
    curves: dict[str, Curve] = {}
    """By lane: `all`, a lane of planned days, `to …` a region."""
    handover: Curve = field(default_factory=lambda: Curve([0] * WAITS, [0] * WAITS))
    weekdays: tuple[Sums, ...] = (NO_SUMS,) * 7
    paces: dict[str, Sums] = {}
    """By region; the nation under the empty name."""
    tallies: list[Tally] = []
    """By stage."""

    @property
    def version(self) -> str:
        """Names the snapshot in every decision that used it."""
        return self.day.isoformat() if self.day else "none"

    @property
    def delivered(self) -> int:
        """Deliveries that it has seen."""
        return sum(self.curves[OVERALL].ended) if OVERALL in self.curves else 0

    def chance(self, plan: str, region: str, age_days: int) -> float:
        """That a parcel so many days after its handover is delivered on an ordinary day: the mean of its lanes."""
        age = age_class(age_days)
        return (self._in_lane(plan, age) + self._in_lane(lane_to(region), age)) / 2

    def _in_lane(self, lane: str, age: int) -> float:
        overall = _share(self.curves.get(OVERALL), age, PRIOR_CHANCE, PRIOR_DAYS)
        return _share(self.curves.get(lane), age, overall, LANE_DAYS)

    def handover_chance(self, wait_days: int) -> float:
        """That an order not handed over so many days from ship-by is handed over on a day."""
        return _share(self.handover, wait_class(wait_days), PRIOR_HANDOVER, HANDOVER_DAYS)

    def weekday(self, day: date, country: str) -> float:
        """How much likelier than usual a delivery is on this day of the week; holidays are Sundays."""
        return self.weekdays[kind_of(day, country)].ratio(WEEKDAY_DELIVERIES)

    def pace(self, region: str) -> float:
        """At how much of its usual pace a region is being delivered to."""
        nation = self.paces.get(NATION, NO_SUMS).ratio(PACE_DELIVERIES)
        return self.paces.get(region, NO_SUMS).ratio(PACE_DELIVERIES, nation)


def lane_to(region: str) -> str:
    """The name of a region's lane."""
    return f"to {region}"


def age_class(age_days: int) -> int:
    """Single days at first, later three together."""
    days = max(0, age_days)
    return days if days <= 25 else min(OLDEST_AGE, 26 + (days - 26) // 3)


def wait_class(wait_days: int) -> int:
    """The place of a day on the handover curve."""
    return min(WAITS - 1, max(0, wait_days - FIRST_WAIT))


def _share(curve: Curve | None, place: int, towards: float, pseudo: int) -> float:
    at_risk, ended = (curve.at_risk[place], curve.ended[place]) if curve else (0, 0)
    return (ended + pseudo * towards) / (at_risk + pseudo)


def after(before: Snapshot, shown: Day) -> Snapshot:
    """The snapshot with one more day."""
    weekdays, paces = _expected(before, shown)
    return Snapshot(
        day=shown.day,
        curves=_curves(before.curves, shown.transits),
        handover=_handover(before.handover, shown.waits),
        weekdays=tuple(sums.plus(*weekdays[kind]) for kind, sums in enumerate(before.weekdays)),
        paces={
            region: before.paces.get(region, NO_SUMS).plus(*paces[region], PACE_KEPT_MILLI)
            for region in sorted(before.paces.keys() | paces.keys())
        },
        tallies=_tallies(before.tallies, shown),
    )


Sightings = defaultdict[Any, tuple[int, int]]
"""Deliveries seen, and expected in thousandths."""


def _expected(before: Snapshot, shown: Day) -> tuple[Sightings, Sightings]:
    """By kind of day, expected by the curves alone; by region and for the nation, expected on such a day."""
    weekdays: Sightings = defaultdict(lambda: (0, 0))
    paces: Sightings = defaultdict(lambda: (0, 0))
    for found in shown.transits:
        expected = found.at_risk * before.chance(found.plan, found.region, found.age_days)
        kind = kind_of(shown.day, found.country)
        _add(weekdays, kind, found.delivered, expected)
        for region in (NATION, found.region):
            _add(paces, region, found.delivered, expected * before.weekday(shown.day, found.country))
    return weekdays, paces


def _add(sightings: Sightings, key: int | str, seen: int, expected: float) -> None:
    before = sightings[key]
    sightings[key] = (before[0] + seen, before[1] + round(expected * MILLI))


def _curves(before: Mapping[str, Curve], transits: Iterable[Transits]) -> dict[str, Curve]:
    curves = {lane: Curve(list(curve.at_risk), list(curve.ended)) for lane, curve in before.items()}
    for found in transits:
        age = age_class(found.age_days)
        for lane in (OVERALL, found.plan, lane_to(found.region)):
            curve = curves.setdefault(lane, Curve([0] * (OLDEST_AGE + 1), [0] * (OLDEST_AGE + 1)))
            curve.at_risk[age] += found.at_risk
            curve.ended[age] += found.delivered
    return dict(sorted(curves.items()))


def _handover(before: Curve, waits: Iterable[Waits]) -> Curve:
    curve = Curve(list(before.at_risk), list(before.ended))
    for found in waits:
        place = wait_class(found.wait_days)
        curve.at_risk[place] += found.at_risk
        curve.ended[place] += found.handed_over
    return curve


def _tallies(before: Iterable[Tally], shown: Day) -> list[Tally]:
    tallies = [
        Tally([each * kept // MILLI for each in old.lately_milli], list(old.known), list(old.late))
        for old, kept in ((each, _kept_milli(each.lately_milli)) for each in before)
    ]
    stages = [made.stage for made in shown.forecasts] + [ended.stage for ended in shown.outcomes]
    while len(tallies) <= max(stages, default=-1):
        tallies.append(Tally([0] * BINS, [0] * DECILES, [0] * DECILES))
    for made in shown.forecasts:
        tallies[made.stage].lately_milli[_place(made.raw_milli, BINS)] += made.number * MILLI
    for ended in shown.outcomes:
        place = _place(ended.raw_milli, DECILES)
        tallies[ended.stage].known[place] += ended.number
        tallies[ended.stage].late[place] += ended.late
    return tallies


def _kept_milli(lately_milli: Sequence[int]) -> int:
    enough = FORECASTS_REMEMBERED * MILLI * MILLI // max(1, sum(lately_milli))
    return max(FORECASTS_KEPT_MILLI, min(MILLI, enough))


def _place(raw_milli: int, places: int) -> int:
    return min(places - 1, raw_milli * places // MILLI)
