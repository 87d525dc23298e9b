"""What answers add up to: promoters, passives, detractors, and the net promoter score with its interval.

Scale 0 to 10; promoters 9-10, passives 7-8, detractors 0-6; nps = % promoters - % detractors (Reichheld, "The One
Number You Need to Grow", 2003). Counts only, no customers.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from math import sqrt

from msgspec import Struct

from contracts.feedback import Cohort

LOWEST, HIGHEST = 0, 10
PROMOTERS_FROM = 9
PASSIVES_FROM = 7
NORMAL_95 = 1.96


class Category(StrEnum):
    """What one score makes of a customer."""

    promoter = "promoter"
    passive = "passive"
    detractor = "detractor"


def category_of(score: int) -> Category:
    """Of a score from 0 to 10."""
    if score >= PROMOTERS_FROM:
        return Category.promoter
    return Category.passive if score >= PASSIVES_FROM else Category.detractor


class Tally(Struct, frozen=True, kw_only=True):
    """Answers counted. Tallies add."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            promoters=self.promoters + other.promoters,
            passives=self.passives + other.passives,
            detractors=self.detractors + other.detractors,
        )

    @property
    def n(self) -> int:
        """How many answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def nps(self) -> float | None:
        """-100 to 100, one decimal; None when nobody answered."""
        return round(100 * (self.promoters - self.detractors) / self.n, 1) if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which bounds the true score lies in 95 of 100 samples; None when nobody answered.

        Adjusted Wald: three imagined answers (3/4 promoter, 3/4 detractor) keep it honest when few have answered
        (B. Rocks, "Interval Estimation for the Net Promoter Score", The American Statistician 70, 2016).
        """
        if not self.n:
            return None
        n, promoters, detractors = self.n + 3, self.promoters + 0.75, self.detractors + 0.75
        mean = (promoters - detractors) / n
        half = NORMAL_95 * sqrt(((promoters + detractors) / n - mean * mean) / n)
        return round(100 * max(-1.0, mean - half), 1), round(100 * min(1.0, mean + half), 1)


class Sample(Struct, frozen=True, kw_only=True):
    """Who was asked, who was not and why, and what was answered. Samples add."""

    tally: Tally = Tally()
    """Answers that came on these days."""
    asked: int = 0
    sent: int = 0
    """Of those asked on these days, to how many the question went out."""
    answered: int = 0
    """Of those asked on these days, how many have answered until now."""
    held: dict[str, int] = {}
    """By reason, whose question waits since one of these days."""
    not_asked: dict[str, int] = {}
    """By reason, whose question was dropped on these days."""

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(
            tally=self.tally + other.tally,
            asked=self.asked + other.asked,
            sent=self.sent + other.sent,
            answered=self.answered + other.answered,
            held=_added(self.held, other.held),
            not_asked=_added(self.not_asked, other.not_asked),
        )

    @property
    def response_rate(self) -> float | None:
        """0 to 1, three decimals; None when nobody was asked."""
        return round(self.answered / self.asked, 3) if self.asked else None


class Slice(Struct, frozen=True, kw_only=True):
    """Part of one day's sample."""

    day: date
    cohort: Cohort | None
    """None where the cohort is not settled yet."""
    sample: Sample


def sample_of(slices: Iterable[Slice]) -> Sample:
    """All of them together."""
    return sum((part.sample for part in slices), Sample())


def by_cohort(slices: Sequence[Slice]) -> dict[Cohort, Sample]:
    """Each cohort on its own: late customers answer otherwise, and are asked otherwise."""
    return {cohort: sample_of(part for part in slices if part.cohort is cohort) for cohort in Cohort}


def by_day(slices: Iterable[Slice]) -> dict[date, list[Slice]]:
    """Days on which something was decided or answered, in order."""
    days: dict[date, list[Slice]] = {}
    for part in sorted(slices, key=lambda part: part.day):
        days.setdefault(part.day, []).append(part)
    return days


def _added(some: dict[str, int], others: dict[str, int]) -> dict[str, int]:
    return {reason: some.get(reason, 0) + others.get(reason, 0) for reason in sorted({*some, *others})}
