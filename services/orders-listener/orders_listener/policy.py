"""The shop's own numbers that rules are given. Defaults here; settings.py reads them from the environment."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Percent = Annotated[int, Meta(ge=1, le=10_000)]
Nth = Annotated[int, Meta(ge=2, le=1_000_000)]


class Policy(Struct, frozen=True, kw_only=True):
    """How long things may take."""

    version: str = "1"
    """Stands in decisions that used it."""
    shop_zone: str = "Europe/Berlin"
    """Where bare dates end when the destination names no zone."""
    return_window: timedelta = timedelta(days=14)
    """After delivery; then the order is completed."""
    warning_lead: timedelta = timedelta(hours=48)
    """How long before a promise ends somebody looks whether it will be kept."""
    scan_silence: timedelta = timedelta(days=3)
    """A parcel not scanned for longer may have stopped."""
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

    def changed(self, values: Mapping[str, Any]) -> "Policy":
        """The policy with other values, by the names and in the form that `GET /v1/policy` says them in.

        Raises ValueError for a name that there is not, or a value that cannot be.
        """
        return msgspec.convert(_merged(msgspec.to_builtins(self), values), Policy)


def _merged(known: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise ValueError(f"there is no {', '.join(unknown)}")
    both = {name: (known[name], value) for name, value in values.items()}
    deeper = {name: _merged(*pair) for name, pair in both.items() if all(isinstance(one, dict) for one in pair)}
    return {**known, **values, **deeper}


DEFAULT = Policy()
