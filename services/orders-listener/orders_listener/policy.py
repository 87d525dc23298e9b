"""The shop's own numbers that rules are given: their shape, their defaults, and which hold on which lane.

Owns what a policy may say. Must not know files (policy_files.py) nor what is decided with a number.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct, structs

from contracts.vocabulary import Country, Word

Limit = Annotated[str, Meta(pattern=r"^[0-9]{1,4} (minutes?|hours?|days?|working days?)$")]
"""How long something may take: `40 minutes`, `72 hours`, `10 days`, or days on which the carrier works."""
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Version = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[\x21-\x7E]+$")]
MOST_LANES = 4_096
"""Remembered at once; regions are whatever publishers write."""
LONGEST = timedelta(days=9_999)
"""The longest that can be written, and too short to leave the calendar."""
MINUTES_OF = {"minute": 1, "hour": 60, "day": 24 * 60}
Share = Annotated[float, Meta(gt=0, lt=1)]
Percent = Annotated[int, Meta(ge=1, le=10_000)]
Nth = Annotated[int, Meta(ge=2, le=1_000_000)]


class Length(NamedTuple):
    """A limit, read: so many working days, or a time that passes day and night."""

    working_days: int = 0
    time: timedelta = timedelta()


@lru_cache(maxsize=1_024)
def length_of(limit: Limit) -> Length:
    """The limit's length. Raises ValueError for a text that is no limit."""
    found = re.fullmatch(r"([0-9]{1,4}) (minute|hour|day|working day)s?", limit)
    if found is None:
        raise ValueError(f"{limit!r} is no length; write for example: 3 working days, 72 hours, 40 minutes")
    number, unit = int(found[1]), found[2]
    if unit == "working day":
        return Length(working_days=number)
    return Length(time=timedelta(minutes=number * MINUTES_OF[unit]))


class Limits(Struct, frozen=True, kw_only=True):
    """How long each silence may last before it is an issue, and how long an issue may last before it is worse."""

    handover: Limit = "3 working days"
    """From the confirmed order to the first movement, where the order names no `ship_by`."""
    handover_after_ship_by: Limit = "0 days"
    """From the end of `ship_by` to the first movement."""
    pickup: Limit = "4 working days"
    """From a parcel's announcement to its first scan outside the shop."""
    transit: Limit = "3 working days"
    """From one scan to the next."""
    transit_abroad: Limit = "5 working days"
    """The same, for a parcel that crosses a border."""
    lost: Limit = "30 days"
    """A parcel that was not scanned for so long is lost."""
    rest: Limit = "3 working days"
    """From the last parcel's leaving to the announcement of what it did not hold."""
    pickup_point: Limit = "5 days"
    """So long a parcel may wait to be fetched before that becomes serious."""
    held: Limit = "5 working days"
    """So long customs and the like may take before that becomes critical."""
    reshipment: Limit = "5 working days"
    """From a parcel's return to the shop's answer; then it is critical."""
    refund: Limit = "10 days"
    """From a cancellation, a return or a wish to cancel to the money."""


class Override(Struct, frozen=True, kw_only=True):
    """Other limits for a carrier or a lane; what is not named holds for all."""

    carrier: Word | None = None
    origin: Country | None = None
    country: Country | None = None
    region: Word | None = None
    working_days: frozenset[Weekday] | None = None
    limits: tuple[tuple[str, Limit], ...] = ()
    """By the names of `Limits`."""


class Lane(NamedTuple):
    """Whose hands a parcel is in, from where and to where, as far as anybody said."""

    carrier: str | None = None
    origin: str | None = None
    country: str | None = None
    region: str | None = None

    @property
    def abroad(self) -> bool:
        """It is known to cross a border."""
        return self.origin is not None and self.country is not None and self.origin != self.country


class Terms(Struct, frozen=True, kw_only=True):
    """What holds on one lane."""

    limits: Limits
    working_days: frozenset[Weekday] | None
    """None: those of the country it goes to."""


class Policy(Struct, frozen=True, kw_only=True, dict=True):
    """How long things may take."""

    version: Version = "1"
    """Stands in every decision."""
    shop_zone: str = "Europe/Berlin"
    """Where bare dates end when the destination names no zone. Not of the file: all services share SHOP_ZONE."""
    return_window: timedelta = timedelta(days=14)
    """After delivery; then the order is completed."""
    warning_lead: timedelta = timedelta(hours=48)
    """How long before a promise ends somebody looks whether it will be kept."""
    scan_silence: timedelta = timedelta(days=3)
    """A parcel not scanned for longer may have stopped."""
    news_lasts: timedelta = timedelta(hours=72)
    """A failed attempt that is heard of later than this is history: it is not announced any more."""
    ships_from: Country | None = None
    """The country that orders leave from when they do not say so."""
    limits: Limits = Limits()
    overrides: tuple[Override, ...] = ()
    """The later one wins."""
    caught_share: Share = 0.78
    """Of the orders that will come late, so many should be warned of at the last look that gives the wanted lead."""
    gap_of_newcomers: timedelta = timedelta(days=60)
    """When a second purchase is expected: a customer's own gap is not known before it."""
    shortest_gap: timedelta = timedelta(days=14)
    longest_gap: timedelta = timedelta(days=180)
    """Bounds of the expected gap: nobody is at risk after three days of silence, or never."""
    at_risk_after_percent: Percent = 150
    """Silence, in percent of the expected gap."""
    lapsed_after_percent: Percent = 300
    order_milestones: tuple[Nth, ...] = (5, 10, 25, 50, 100)
    """Which nth purchase is a milestone; the first always is."""
    milestone_news: timedelta = timedelta(days=30)
    """A milestone that was reached longer ago when we learn of it is remembered and not said."""

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that contradict each other."""
        if not timedelta(days=1) <= self.shortest_gap <= self.longest_gap:
            raise ValueError("shortest_gap is at least a day and not more than longest_gap")
        if self.gap_of_newcomers < timedelta(days=1):
            raise ValueError("gap_of_newcomers is at least a day")
        if self.at_risk_after_percent >= self.lapsed_after_percent:
            raise ValueError("at_risk_after_percent is less than lapsed_after_percent")
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, timedelta) and not timedelta() <= value <= LONGEST:
                raise ValueError(f"{name} is from 0 to {LONGEST.days} days")
        try:
            ZoneInfo(self.shop_zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no zone {self.shop_zone!r}") from error
        unknown = sorted({name for one in self.overrides for name, _ in one.limits} - {*Limits.__struct_fields__})
        if unknown:
            raise ValueError(f"there is no limit {', '.join(unknown)}")

    def changed(self, values: Mapping[str, Any]) -> "Policy":
        """The policy with other values, by the names and in the form that `GET /v1/policy` says them in.

        Raises ValueError for a name that there is not, or a value that cannot be.
        """
        return msgspec.convert(_merged(msgspec.to_builtins(self), values), Policy)

    @cached_property
    def _known(self) -> dict[Lane, Terms]:
        return {}

    def terms(self, lane: Lane) -> Terms:
        """What holds on a lane; worked out once per lane."""
        known = self._known.get(lane)
        if known is None:
            if len(self._known) >= MOST_LANES:
                self._known.clear()
            known = self._known[lane] = self._terms(lane)
        return known

    def _terms(self, lane: Lane) -> Terms:
        limits, working_days = self.limits, None
        for override in _matching(self.overrides, lane):
            limits = structs.replace(limits, **dict(override.limits))
            working_days = override.working_days or working_days
        return Terms(limits=limits, working_days=working_days)


def _matching(overrides: Iterable[Override], lane: Lane) -> Iterable[Override]:
    for override in overrides:
        wanted = Lane(override.carrier, override.origin, override.country, override.region)
        if all(want is None or want == have for want, have in zip(wanted, lane, strict=True)):
            yield override


def _merged(known: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise ValueError(f"there is no {', '.join(unknown)}")
    both = {name: (known[name], value) for name, value in values.items()}
    deeper = {name: _merged(*pair) for name, pair in both.items() if all(isinstance(one, dict) for one in pair)}
    return {**known, **values, **deeper}


DEFAULT = Policy()
