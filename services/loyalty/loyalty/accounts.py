"""A member's account: balances, tier, and of its orders, goodwill and redemptions only what the items at hand touch.

The only way to change it is a journal, which works on a copy, and to change a balance a posting (see `journal`).
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from loyalty.order_points import OrderPoints


class Account(Struct, gc=False):
    """Blank for a customer who has never moved a point. The first fields are the columns of its row."""

    customer_id: str
    available_points: int = 0
    """May be below zero, see `debt`."""
    pending_points: int = 0
    qualifying_points: int = 0
    tier: str | None = None
    """The tier's name; missing while the member has always been in the first."""
    postings: int = 0
    """How many there are: the number of the last one."""
    erased_at: datetime | None = None
    orders: Mapping[str, OrderPoints] = {}
    goodwill_ids: frozenset[str] = frozenset()
    """Requests that were answered, granted or not."""
    redemptions: Mapping[str, int] = {}
    """Points spent by redemption id."""
