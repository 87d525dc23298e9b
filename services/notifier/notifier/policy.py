"""The shop's manners as numbers: their shape and their defaults.

Owns what a policy may say. Must not know files (policy_files.py) nor what is decided with a number.
"""

from collections.abc import Iterator
from datetime import time, timedelta, tzinfo
from functools import cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from contracts.vocabulary import Country, Word
from notifier.kinds import Concern
from notifier.tongues import Tongues

Version = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[\x21-\x7E]+$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "public_holidays"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class QuietHours(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From `begins` until `ends` on the person's clock nobody is written to, nor on days that are closed.

    None: as said elsewhere. The same twice: no quiet hours.
    """

    begins: time | None = None
    ends: time | None = None
    closed: tuple[Day, ...] | None = None


class QuietTable(QuietHours, frozen=True, kw_only=True, omit_defaults=True):
    """Quiet hours for everything, and other ones for some concerns."""

    issue: QuietHours = QuietHours()
    service: QuietHours = QuietHours()
    loyalty: QuietHours = QuietHours()
    survey: QuietHours = QuietHours()
    marketing: QuietHours = QuietHours()


class Quiet(Struct, frozen=True):
    """The quiet hours that hold for one country and concern."""

    begins: time
    ends: time
    closed: tuple[Day, ...]


EVERYWHERE = QuietTable(begins=time(21), ends=time(8), closed=())
"""What is usual in CA, GB, IE, DE, NL, AU and NZ, and holds wherever nothing else is said."""
COUNTRIES: dict[Country, QuietTable] = {
    "FR": QuietTable(begins=time(22), ends=time(8), marketing=QuietHours(closed=("sunday", "public_holidays"))),
    "US": QuietTable(marketing=QuietHours(begins=time(20), ends=time(9))),
}
"""Where it is otherwise, after what providers publish. Some states of the US allow 09:00 to 20:00 only, and nobody
tells us a customer's state: advertising keeps to that in the whole country."""


Count = Annotated[int, Meta(ge=1, le=1_000)]


class Cap(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """At most so many messages in a day and in a week (from Monday) of the person's calendar; None: as many as come."""

    day: Count | None = None
    week: Count | None = None


class Caps(Struct, frozen=True, kw_only=True):
    """For each concern. What goes wrong is bound by the budget alone."""

    issue: Cap = Cap()
    service: Cap = Cap()
    survey: Cap = Cap(day=1, week=2)
    loyalty: Cap = Cap(day=2, week=7)
    marketing: Cap = Cap(day=1, week=3)


class Budget(Struct, frozen=True, kw_only=True):
    """One for everything but what orders themselves say. What is kept for issues, nothing else may use."""

    day: Count = 5
    week: Count = 15
    day_kept_for_issues: Count = 2
    week_kept_for_issues: Count = 5

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that contradict each other."""
        if self.day_kept_for_issues >= self.day or self.week_kept_for_issues >= self.week:
            raise ValueError("what is kept for issues is less than the budget")


Reach = Literal["email", "sms", "push", "chat"]


class Channels(Struct, frozen=True, kw_only=True):
    """In which order the channels are tried for each concern; what is not named is never taken.

    What went wrong is worth a text message where no mail gets through; nothing else is, unless the shop says so.
    """

    issue: tuple[Reach, ...] = ("email", "sms", "push")
    service: tuple[Reach, ...] = ("email",)
    survey: tuple[Reach, ...] = ("email",)
    loyalty: tuple[Reach, ...] = ("email",)
    marketing: tuple[Reach, ...] = ("email",)

    def __post_init__(self) -> None:
        """Raises ValueError where nothing could ever be said."""
        for concern in Concern:
            if not self.of(concern):
                raise ValueError(f"{concern} needs a channel at least; what is not to be said is a matter of consent")

    def of(self, concern: Concern) -> tuple[Reach, ...]:
        """Those for that concern, the first one first."""
        order: tuple[Reach, ...] = getattr(self, concern)
        return order


class Apologies(Struct, frozen=True, kw_only=True):
    """To one person at most so many within so long: an apology that comes every week is none."""

    most: Count = 3
    within: timedelta = timedelta(days=30)


class Bounces(Struct, frozen=True, kw_only=True):
    """When an address that fails for now has failed too often: `soft` mails within so long, and it rests so long."""

    soft: Count = 5
    within: timedelta = timedelta(days=14)
    rest: timedelta = timedelta(days=30)


class Greetings(Struct, frozen=True, kw_only=True):
    """Birthdays and anniversaries of the first order: which are said, and from which hour on the person's clock."""

    birthday: bool = True
    anniversary: bool = True
    hour: time = time(9)
    leap_day: Literal["february_28", "march_1"] = "february_28"
    """When who was born on 29 February is greeted in a year without one."""

    @property
    def in_common_years(self) -> tuple[int, int]:
        """Month and day."""
        return (2, 28) if self.leap_day == "february_28" else (3, 1)


class Policy(Struct, frozen=True, kw_only=True, dict=True):
    """How the shop behaves towards people."""

    version: Version = "1"
    """Stands in every decision."""
    shop_zone: str = "Europe/Berlin"
    """For people whose zone nobody knows. Not of the file: all services share SHOP_ZONE."""
    tongues: Tongues = Tongues()
    """The languages that it speaks. Not of the file: they follow from the words that are in force."""
    reachable: tuple[Reach, ...] = ("email",)
    """The channels that have a provider. Not of the file: providers have one of their own."""
    country: Country | None = None
    """Where people live whose country nobody knows."""
    quiet_hours: QuietTable = QuietTable()
    """The shop's own for everybody, laid over `EVERYWHERE` and `COUNTRIES` name by name."""
    countries: dict[Country, QuietTable] = {}
    """The shop's own by country, laid over all of them."""
    budget: Budget = Budget()
    caps: Caps = Caps()
    channels: Channels = Channels()
    tiers: tuple[Word, ...] = ("silver", "gold")
    """Tiers whose members go first among messages of equal weight, the highest last."""
    apologies: Apologies = Apologies()
    bounces: Bounces = Bounces()
    greetings: Greetings = Greetings()
    rest_after_issue: timedelta = timedelta(hours=24)
    """From the end of an issue that the customer was told of until they are asked or cheered again."""
    group_window: timedelta = timedelta(minutes=5)
    """So long the opening of an issue waits for others, to be told with them; never longer than until its `told_by`."""

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that contradict each other."""
        for country in self.named_countries:
            for concern in Concern:
                closed = self.quiet(country, concern).closed
                if set(WEEKDAYS) <= set(closed):
                    where = f" in {country}" if country else ""
                    raise ValueError(f"{concern}{where} is closed on every day of the week: it could never be said")

    @cached_property
    def zone(self) -> tzinfo:
        """The shop's own."""
        return ZoneInfo(self.shop_zone)

    @cached_property
    def _known(self) -> dict[tuple[str | None, Concern], Quiet]:
        return {}

    def quiet(self, country: str | None, concern: Concern) -> Quiet:
        """What holds there for that; what is said for a concern goes before what is said for a country."""
        key = (country if country in self.named_countries else None, concern)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _merged(self._layers(*key))
        return known

    def cap(self, concern: Concern, period: str) -> int | None:
        """At most so many in such a period (`day` or `week`); None where nothing is said."""
        cap: int | None = getattr(getattr(self.caps, concern), period)
        return cap

    def budget_for(self, concern: Concern, period: str) -> int:
        """At most so many of everything in such a period before one of this concern may be said."""
        whole: int = getattr(self.budget, period)
        kept: int = getattr(self.budget, f"{period}_kept_for_issues")
        return whole if concern is Concern.issue else whole - kept

    def limited(self, concern: Concern) -> bool:
        """Whether there is anything that it shares with others."""
        return concern is not Concern.service or self.caps.service != Cap()

    @cached_property
    def named_countries(self) -> tuple[str | None, ...]:
        """Those where anything is otherwise, and None for all others."""
        return (None, *sorted({*COUNTRIES, *self.countries}))

    def _layers(self, country: str | None, concern: Concern) -> Iterator[QuietHours]:
        blank = QuietTable()
        by_country = [table.get(country or "", blank) for table in (COUNTRIES, self.countries)]
        tables = [EVERYWHERE, by_country[0], self.quiet_hours, by_country[1]]
        yield from tables
        for table in tables:
            yield getattr(table, concern)


def _merged(layers: Iterator[QuietHours]) -> Quiet:
    """The later one that says something wins."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {name: said for name in QuietHours.__struct_fields__ if (said := getattr(layer, name)) is not None}
    return Quiet(**values)


DEFAULT = Policy()
