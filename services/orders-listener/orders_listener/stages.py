"""Where a customer stands with the shop, by the days on which they bought and the silence since.

Owns the rules of stages. Their figures are the policy's: limits follow each customer's own gap between purchases, as
Moco and Clerk do it, and not one lapse point of the shop for everybody (Glew). Must not know facts or deadlines.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from contracts.orders import Segment
from orders_listener.policy import Policy


def average_gap_days(days: Sequence[date]) -> float | None:
    """Days between purchases on average; None before the second. `days` in their order, each once."""
    return (days[-1] - days[0]).days / (len(days) - 1) if len(days) > 1 else None


def expected_gap(days: Sequence[date], policy: Policy) -> timedelta:
    """When the next purchase may be expected: after the customer's own gap, in whole days and within bounds."""
    if len(days) < 2:
        return policy.gap_of_newcomers
    whole_days = -(-(days[-1] - days[0]).days // (len(days) - 1))
    return min(max(timedelta(days=whole_days), policy.shortest_gap), policy.longest_gap)


def at_risk_after(days: Sequence[date], policy: Policy) -> timedelta:
    """So much silence puts a customer at risk, in whole days."""
    return _gaps(policy.at_risk_after_percent, days, policy)


def lapsed_after(days: Sequence[date], policy: Policy) -> timedelta:
    """After so much silence a customer has lapsed, in whole days."""
    return _gaps(policy.lapsed_after_percent, days, policy)


def _gaps(percent: int, days: Sequence[date], policy: Policy) -> timedelta:
    return timedelta(days=-(-expected_gap(days, policy).days * percent // 100))


def stage_on(today: date, days: Sequence[date], policy: Policy) -> Segment | None:
    """The stage on a day of the shop; None for somebody without a purchase."""
    if not days:
        return None
    silence = today - days[-1]
    if silence >= lapsed_after(days, policy):
        return Segment.lapsed
    if silence >= at_risk_after(days, policy):
        return Segment.at_risk
    if len(days) == 1:
        return Segment.new
    return Segment.returned if _came_back(days, policy) else Segment.active


def _came_back(days: Sequence[date], policy: Policy) -> bool:
    """The last purchase ended a silence that was so long that the customer had lapsed."""
    before, last = days[:-1], days[-1]
    return last - before[-1] >= lapsed_after(before, policy)


def next_change(today: date, days: Sequence[date], policy: Policy) -> date | None:
    """The next day on which silence alone moves the customer on."""
    if not days:
        return None
    limits = (at_risk_after(days, policy), lapsed_after(days, policy))
    return min((day for limit in limits if (day := days[-1] + limit) > today), default=None)
