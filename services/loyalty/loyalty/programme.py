"""The programme's numbers: what a unit of money earns, where tiers begin, what a broken promise is worth.

Owns the numbers and their defaults. Immutable; a change is a new version, and the version stands in every decision.
"""

from msgspec import Struct

from contracts.money import minor_per_unit
from loyalty.order_points import Rate


class Tier(Struct, frozen=True, gc=False):
    """A standing in the programme, reached by qualifying points."""

    name: str
    from_points: int


class Programme(Struct, frozen=True, kw_only=True):
    """One shop's rules, as numbers."""

    version: str = "1"
    points_per_unit: int = 1
    """Points for one unit of the order's currency (one euro, one yen)."""
    tiers: tuple[Tier, ...] = (Tier("bronze", 0), Tier("silver", 500), Tier("gold", 2_000))
    """Rising; the first begins at 0 and is everybody's."""
    late_delivery_points: int = 100
    """Goodwill for an order that comes late; 0 gives none."""
    goodwill_request_cap_points: int = 1_000
    """Requests for more are refused; a person decides then."""

    def rate(self, currency: str) -> Rate:
        """What money in this currency earns today."""
        return Rate(self.points_per_unit, minor_per_unit(currency))
