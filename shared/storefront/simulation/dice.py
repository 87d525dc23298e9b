"""Chance that belongs to somebody: every entity has dice of its own, so nothing depends on who throws first."""

from collections.abc import Mapping
from datetime import timedelta
from math import exp, log
from random import Random
from typing import TypeVar

T = TypeVar("T")


def dice_of(seed: int, *entity: object) -> Random:
    """The dice of one entity of one shop."""
    return Random(":".join(str(part) for part in (seed, *entity)))


def happens(dice: Random, probability: float) -> bool:
    """True with `probability`, 0 to 1."""
    return dice.random() < probability


def drawn(dice: Random, weights: Mapping[T, float]) -> T:
    """One key, by weight; weights need not sum to 1."""
    return dice.choices(list(weights), list(weights.values()))[0]


def around(dice: Random, median: float, spread: float) -> float:
    """Log-normal around `median`: most near, some far above, none below zero. `spread` 0.3 is tame, 1.0 wild."""
    return exp(dice.gauss(log(median), spread))


def between(dice: Random, least: float, most: float, *, unit: timedelta = timedelta(hours=1)) -> timedelta:
    """A duration, evenly between two numbers of `unit`, to the second."""
    return timedelta(seconds=round(dice.uniform(least, most) * unit.total_seconds()))
