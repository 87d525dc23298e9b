"""Where one customer stands: days with a purchase, the stage that follows from the silence since, and milestones."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.model.envelope import text
from tests.chaos.model.facts import Fact, Item

SHOP = ZoneInfo("Europe/Berlin")
FIRST_GAP, SHORTEST_GAP, LONGEST_GAP = 60, 14, 180
AT_RISK, LAPSED = 1.5, 3
NTH = {5, 10, 25, 50, 100}


class Customer:
    """Moved on by `bought`, `undone` and the mornings on which silence tells; each yields the facts that follow."""

    def __init__(self, customer_id: str) -> None:
        self.customer_id = customer_id
        self._days: Counter[date] = Counter()
        self._stage: str | None = None
        self._thanked: set[tuple[str, int]] = set()

    def bought(self, placed_at: datetime, order_id: str, item: Item) -> Iterator[Fact]:
        """An order was confirmed; it counts on the day of its placing."""
        day = placed_at.astimezone(SHOP).date()
        self._days[day] += 1
        if item.erased:
            return
        yield from self.look(item)
        if self._days[day] == 1:
            yield from self._thank(order_id, item)

    def undone(self, placed_at: datetime, item: Item) -> Iterator[Fact]:
        """It was cancelled."""
        day = placed_at.astimezone(SHOP).date()
        self._days[day] -= 1
        self._days += Counter()  # forgets days without an order
        yield from self.look(item)

    @property
    def mornings(self) -> list[datetime]:
        """When silence puts the customer at risk, and when they have lapsed."""
        if not self._days:
            return []
        days = [max(self._days) + timedelta(days=limit) for limit in _limits(sorted(self._days))]
        return [datetime.combine(day, time.min, SHOP).astimezone(UTC) for day in days]

    def look(self, item: Item) -> Iterator[Fact]:
        """Say the stage if it is another one; of nobody who was erased, and of nobody without a purchase."""
        if item.erased:
            return
        stage = self._stage_at(item.at)
        previous, self._stage = self._stage, stage
        if stage not in (previous, None):
            yield self._fact("segment-changed", item, segment=stage, previous=previous, occurred_at=text(item.at))

    def _stage_at(self, at: datetime) -> str | None:
        if not self._days:
            return None
        days = sorted(self._days)
        at_risk, lapsed = _limits(days)
        silence = (at.astimezone(SHOP).date() - days[-1]).days
        if silence >= at_risk:
            return "lapsed" if silence >= lapsed else "at_risk"
        if len(days) == 1:
            return "new"
        came_back = (days[-1] - days[-2]).days >= _limits(days[:-1])[1]
        return "returned" if came_back else "active"

    def _thank(self, order_id: str, item: Item) -> Iterator[Fact]:
        number = len(self._days)
        milestone = "first_order" if number == 1 else "nth_order"
        if (number == 1 or number in NTH) and (milestone, number) not in self._thanked:
            self._thanked.add((milestone, number))
            named = {"milestone": milestone, "number": number, "order_id": order_id}
            yield self._fact("milestone-reached", item, **named, occurred_at=text(item.at))

    def _fact(self, word: str, item: Item, **data: Any) -> Fact:
        return Fact(f"orders.{word}.v1", self.customer_id, self.customer_id, item, data)


def _limits(days: list[date]) -> tuple[int, int]:
    """Days of silence until at risk, until lapsed."""
    gap = FIRST_GAP
    if len(days) > 1:
        gap = min(max(ceil((days[-1] - days[0]).days / (len(days) - 1)), SHORTEST_GAP), LONGEST_GAP)
    return ceil(gap * AT_RISK), gap * LAPSED
