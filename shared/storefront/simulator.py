"""The simulated shop: weeks of orders from one seed, in the order in which a storefront would say them.

Owns who orders when; what becomes of an order is told in `storefront.simulation`. Pure: the same arguments, the same
shop, and no answer depends on what was asked before.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from heapq import heappop, heappush

from storefront.saying import Said
from storefront.simulation import aftermath, desk, voices
from storefront.simulation.answers import Answer, answer_to
from storefront.simulation.days import SHOP_ZONE, busyness, hour_of_day, moment
from storefront.simulation.dice import dice_of, happens
from storefront.simulation.noise import blur
from storefront.simulation.orders import Placing, order_of
from storefront.simulation.people import person_of
from storefront.simulation.stories import Story
from storefront.simulation.truth import Truth, truth_of
from storefront.simulation.worries import worry

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; six weeks from here contain a change of the clocks."""
EARLY = timedelta(minutes=10)
"""No story says anything longer than this before its order is placed."""


class Shop:
    """One shop, `weeks` long from `start`; parcels and returns of the last orders reach beyond.

    About `weeks * 7 * orders_per_day` orders. Nothing is kept but who orders when.
    """

    def __init__(
        self, seed: int, weeks: int = 6, orders_per_day: float = 18, start: datetime | date = FIRST_DAY
    ) -> None:
        self.seed = seed
        self.weeks = weeks
        self.orders_per_day = orders_per_day
        self.start = start.date() if isinstance(start, datetime) else start

    def events(self) -> Iterator[Said]:
        """Everything the shop says, by `said_at`; what is said at the same moment keeps its order's order."""
        waiting: list[tuple[datetime, int, int, Said]] = []
        for number, placing in enumerate(self._placings.values()):
            while waiting and waiting[0][0] < placing.placed_at - EARLY:
                yield heappop(waiting)[-1]
            for index, said in enumerate(self._told(placing).said):
                heappush(waiting, (said.said_at, number, index, said))
        while waiting:
            yield heappop(waiting)[-1]

    def stories(self) -> Iterator[Story]:
        """Every order with what truly became of it, by time of order."""
        return (self._told(placing) for placing in self._placings.values())

    def truth(self) -> Truth:
        """What really happened, to compare with what was noticed."""
        return truth_of(self.stories())

    def answer_of(self, customer_id: str, order_id: str) -> Answer | None:
        """What this customer answers about this order; None if they never answer or it is not theirs."""
        placing = self._placings.get(order_id)
        if placing is None or placing.customer_id != customer_id:
            return None
        return answer_to(self._told(placing))

    def customer_at(self, address: str) -> str | None:
        """Whose e-mail address it is."""
        return self._customers.get(address.strip().lower())

    def last_delivered_order(self, customer_id: str, until: datetime | None = None) -> str | None:
        """The order that came last to this customer (until a moment); None before the first."""
        stories = [self._told(each) for each in self._placings.values() if each.customer_id == customer_id]
        delivered = [
            (story.delivered_at, story.order_id)
            for story in stories
            if story.delivered_at is not None and (until is None or story.delivered_at <= until)
        ]
        return max(delivered)[1] if delivered else None

    def _told(self, placing: Placing) -> Story:
        return _story_of(self.seed, placing)

    @cached_property
    def _customers(self) -> dict[str, str]:
        return {person_of(self.seed, each.customer_id).address: each.customer_id for each in self._placings.values()}

    @cached_property
    def _placings(self) -> dict[str, Placing]:
        """Who orders when, by time; customers come back, and the more there are the more come back."""
        placings: dict[str, Placing] = {}
        orders_of: Counter[str] = Counter()
        known: list[str] = []
        for number, placed_at in enumerate(sorted(self._moments()), start=1):
            customer_id = self._buyer(number, known)
            placing = Placing(f"R{10_000 + number}", customer_id, placed_at, first=not orders_of[customer_id])
            orders_of[customer_id] += 1
            placings[placing.order_id] = placing
        return placings

    def _buyer(self, number: int, known: list[str]) -> str:
        dice = dice_of(self.seed, "buyer", number)
        if happens(dice, 0.06):
            return f"guest:R{10_000 + number}"
        if happens(dice, min(0.45, len(known) / 300)):
            return known[int(len(known) * dice.random() ** 1.6)]
        known.append(f"c-{len(known) + 1:05}")
        return known[-1]

    def _moments(self) -> Iterator[datetime]:
        for day in (self.start + timedelta(days=number) for number in range(self.weeks * 7)):
            dice = dice_of(self.seed, "day", day)
            expected = self.orders_per_day * busyness(day)
            for _ in range(max(0, round(dice.gauss(expected, expected**0.5)))):
                yield moment(day, hour_of_day(dice), SHOP_ZONE)


@lru_cache(maxsize=4_096)
def _story_of(seed: int, placing: Placing) -> Story:
    """An order from beginning to end. Kept for a while only because it is asked for more than once."""
    story = Story(order_of(seed, placing))
    if placing.first:
        voices.introduce(story)
    desk.place(story)
    paid_at = desk.pay(story)
    if paid_at is not None:
        _fulfil(story, paid_at)
    voices.speak_up(story)
    blur(story)
    worry(story)
    return story


def _fulfil(story: Story, paid_at: datetime) -> None:
    if story.order.fate in desk.CALLED_OFF:
        desk.call_off(story, paid_at)
        return
    ready_at, lines = desk.pick(story, paid_at)
    if lines:
        aftermath.ship(story, ready_at, lines)
        aftermath.settle(story)
