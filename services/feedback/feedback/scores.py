"""What answers add up to: promoters, passives, detractors, and the net promoter score of each day.

Scale 0 to 10; promoters 9-10, passives 7-8, detractors 0-6; nps = % promoters - % detractors (Reichheld, "The One
Number You Need to Grow", 2003). Counts only, no customers.
"""

from enum import StrEnum
from math import sqrt

from msgspec import Struct

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
    def margin(self) -> float | None:
        """Half the width of the 95 % interval around `nps`, in its points; None when nobody answered."""
        if not self.n:
            return None
        mean = (self.promoters - self.detractors) / self.n
        variance = (self.promoters + self.detractors) / self.n - mean * mean
        return round(100 * NORMAL_95 * sqrt(max(variance, 0.0) / self.n), 1)
