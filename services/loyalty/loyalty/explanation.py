"""Why a member has the points they have: what each order brought and lost, and what its points are waiting for."""

from enum import StrEnum

from msgspec import Struct

from loyalty.order_points import OrderPoints


class Standing(StrEnum):
    """What became of an order's points."""

    waiting_for_confirmation = "waiting_for_confirmation"
    waiting_for_delivery = "waiting_for_delivery"
    waiting_for_return_window = "waiting_for_return_window"
    vested = "vested"
    cancelled = "cancelled"


class Totals(Struct, frozen=True, kw_only=True):
    """Points that ever moved for one reason; what is left is pending or available."""

    earned_points: int
    vested_points: int
    taken_back_points: int
    goodwill_points: int
    spent_points: int


class OrderExplained(Struct, frozen=True, kw_only=True):
    """One order's part in the account."""

    order: OrderPoints
    totals: Totals
    last_number: int
    """Number of its latest posting."""

    @property
    def standing(self) -> Standing:
        """The state of the order, as far as its points are concerned."""
        if self.order.cancelled_at:
            return Standing.cancelled
        if self.order.vested:
            return Standing.vested
        if self.order.rate is None:
            return Standing.waiting_for_confirmation
        return Standing.waiting_for_return_window if self.order.delivered_at else Standing.waiting_for_delivery
