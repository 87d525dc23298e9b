"""`python -m benchmarks.peak`: the busiest day of a year with a billion orders, second by second, as measured.

One cell of four (docs/scaling.md) as queues: lanes of the orders-listener, lanes of the notifier, mails by priority.
What arrives in one second stays together and keeps its time, so that at the end it is known how long everybody waited.
Pure and without chance: the same day every time. Owns the model; the figures come from docs/performance.md and
`benchmarks.keeping`. Writes docs/scaling.svg and the table in docs/scaling.md; nobody waits for a real second.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import exp

from benchmarks.machine import REPOSITORY
from benchmarks.peak_picture import svg

DAY_S = 86_400
NOON_S = DAY_S // 2
CAMPAIGN_S = 20 * 3_600
"""At eight in the evening a sale begins."""
PAGE = REPOSITORY / "docs" / "scaling.md"
PICTURE = REPOSITORY / "docs" / "scaling.svg"
BEGIN, END = "<!-- days: written by python -m benchmarks.peak -->\n", "<!-- end -->"


@dataclass(frozen=True)
class Figures:
    """What one process does, measured; seconds and rows."""

    listener_event_s: float = 1 / 4_280
    """docs/performance.md: the orders-listener's worker, its PostgreSQL on the same two cores."""
    listener_batch_s: float = 0.010
    """benchmarks.keeping: what a batch costs whatever is in it."""
    notifier_event_s: float = 1 / 3_800
    """docs/performance.md: messages decided in a second; a fact that leads to none costs less."""
    notifier_batch_s: float = 0.010
    facts_per_event: float = 1.7
    """That the notifier takes for each fact of a storefront, in a generated shop in which much goes wrong."""
    mails_per_event: float = 1.13
    issues_share: float = 0.15
    """Of the mails, those that go first."""
    mails_per_s: float = 423.0
    """docs/performance.md: one notifier's sender."""
    floor_s: float = 0.2
    """docs/performance.md, issue to mail: half were there after 0.20 s with nothing in the way."""
    batch_items: int = 1_000


@dataclass(frozen=True)
class House:
    """One cell."""

    name: str
    partitions: int = 24
    listeners: int = 6
    notifiers: int = 40
    """Processes: those beyond the partitions only send."""
    stopped: Callable[[int], bool] = lambda _: False
    """Whether everybody waits in this second: brokers are away, or partitions change hands."""
    lost_listeners: Callable[[int], int] = lambda _: 0
    """Processes that are gone, and whose partitions nobody has yet."""


def events_per_s(second: int, peak: float = 12_500.0) -> float:
    """What storefronts say in one cell: a day, and on it a sale: five minutes up, half an hour of peak, and down."""
    day = 250 + 1_000 * exp(-(((second / 3_600 - 14) / 5) ** 2))
    since_s = second - CAMPAIGN_S
    if since_s < 0:
        return day
    if since_s < 300:
        return day + (peak - day) * since_s / 300
    return peak if since_s < 2_100 else day + (peak - day) * exp(-(since_s - 2_100) / 2_700)


def shares(partitions: int) -> list[float]:
    """How unequal partitions are: the fullest has a tenth more than the mean, as 24 of many customers have."""
    raw = [1 + 0.1 * (2 * place / (partitions - 1) - 1) for place in range(partitions)]
    return [one / sum(raw) for one in raw]


Cohort = tuple[int, float]
"""The second in which it arrived, and how many."""


@dataclass
class Queue:
    """First in, first out, by the second of arrival."""

    waiting: deque[Cohort] = field(default_factory=deque)
    number: float = 0.0

    def put(self, second: int, number: float) -> None:
        if number > 0:
            self.waiting.append((second, number))
            self.number += number

    def take(self, most: float) -> Iterator[Cohort]:
        while self.waiting and most > 1e-9:
            second, number = self.waiting[0]
            taken = min(number, most)
            most -= taken
            self.number -= taken
            if taken == number:
                self.waiting.popleft()
            else:
                self.waiting[0] = (second, number - taken)
            yield second, taken


def work(lanes: list[Queue], batch_s: float, event_s: float, batch_items: int) -> Iterator[tuple[int, int, float]]:
    """What one process gets done in one second, batch by batch, each lane in its turn: (lane, arrival, how many)."""
    left_s, busy = 1.0, True
    while busy and left_s > batch_s:
        busy = False
        for place, lane in enumerate(lanes):
            number = min(batch_items, lane.number, max(0.0, (left_s - batch_s) / event_s))
            if number > 1e-9:
                left_s -= batch_s + number * event_s
                busy = True
                for at, taken in lane.take(number):
                    yield place, at, taken


@dataclass
class Seen:
    """What a day was like, by minute."""

    arrived: list[float] = field(default_factory=lambda: [0.0] * (DAY_S // 60))
    lag: list[float] = field(default_factory=lambda: [0.0] * (DAY_S // 60))
    """Facts of storefronts and our own that are not folded yet, at most in that minute."""
    mails: list[float] = field(default_factory=lambda: [0.0] * (DAY_S // 60))
    """Waiting to be sent."""
    issues: Counter[int] = field(default_factory=Counter)
    """Told, by how many seconds it took."""
    others: Counter[int] = field(default_factory=Counter)
    worst: dict[bool, list[float]] = field(
        default_factory=lambda: {True: [0.0] * (DAY_S // 60), False: [0.0] * (DAY_S // 60)}
    )
    """Of issues and of others, the longest time of those that were told in a minute."""
    left: float = 0.0


def simulate(house: House, figures: Figures = Figures(), since_s: int = NOON_S, until_s: int = DAY_S) -> Seen:
    """The day from noon on, and what is left at its end."""
    seen = Seen()
    heard = [Queue() for _ in range(house.partitions)]
    facts = [Queue() for _ in range(house.partitions)]
    mails = {True: Queue(), False: Queue()}
    share = shares(house.partitions)
    for second in range(since_s, until_s):
        arrived, minute = events_per_s(second), second // 60
        seen.arrived[minute] = max(seen.arrived[minute], arrived)
        for lane, part in zip(heard, share, strict=True):
            lane.put(second, arrived * part)
        if not house.stopped(second):
            _listen(house, figures, heard, facts, second)
            _decide(house, figures, facts, mails)
        for is_issue, at, number in _send(mails, house.notifiers * figures.mails_per_s):
            seconds = second - at
            (seen.issues if is_issue else seen.others)[seconds] += number  # type: ignore[assignment]  # parts of mails
            seen.worst[is_issue][minute] = max(seen.worst[is_issue][minute], seconds + figures.floor_s)
        waiting = sum(lane.number for lane in heard) + sum(lane.number for lane in facts)
        seen.lag[minute] = max(seen.lag[minute], waiting)
        seen.mails[minute] = mails[True].number + mails[False].number
    seen.left = sum(q.number for q in mails.values()) / figures.mails_per_event
    seen.left += sum(lane.number for lane in heard) + sum(lane.number for lane in facts) / figures.facts_per_event
    return seen


def _listen(house: House, figures: Figures, heard: list[Queue], facts: list[Queue], second: int) -> None:
    for process in range(house.listeners - house.lost_listeners(second)):
        own = heard[process :: house.listeners]
        for place, at, number in work(own, figures.listener_batch_s, figures.listener_event_s, figures.batch_items):
            facts[process + place * house.listeners].put(at, number * figures.facts_per_event)


def _decide(house: House, figures: Figures, facts: list[Queue], mails: dict[bool, Queue]) -> None:
    deciding = min(house.notifiers, house.partitions)
    for process in range(deciding):
        own = facts[process::deciding]
        for _, at, number in work(own, figures.notifier_batch_s, figures.notifier_event_s, figures.batch_items):
            said = number / figures.facts_per_event * figures.mails_per_event
            mails[True].put(at, said * figures.issues_share)
            mails[False].put(at, said * (1 - figures.issues_share))


def _send(mails: dict[bool, Queue], most: float) -> Iterator[tuple[bool, int, float]]:
    """Issues first."""
    for is_issue in (True, False):
        for at, number in mails[is_issue].take(most):
            most -= number
            yield is_issue, at, number


def within(told: Counter[int], share: float) -> int:
    """So many seconds it took for this share of them."""
    order = sorted(told)
    sums = accumulate(told[seconds] for seconds in order)
    return next(seconds for seconds, done in zip(order, sums, strict=True) if done >= share * sum(told.values()))


def _between(first_s: int, seconds: int) -> Callable[[int], bool]:
    return lambda second: first_s <= second < first_s + seconds


CALM = 20_000
"""Events that wait: a second and a half of the peak."""
AT_THE_PEAK = CAMPAIGN_S + 1_200
DAYS = (
    House("as planned"),
    House("a listener killed at the peak (20 s)", lost_listeners=lambda s: int(AT_THE_PEAK <= s < AT_THE_PEAK + 20)),
    House("six restarts at the peak, 3 s each", stopped=lambda s: AT_THE_PEAK <= s < AT_THE_PEAK + 120 and s % 20 < 3),
    House("all brokers away at the peak for 5 min", stopped=_between(AT_THE_PEAK, 300)),
    House("half the listeners", listeners=3),
    House("12 notifiers", notifiers=12),
)


HEADINGS = (
    "day", "listeners / notifiers of a cell", "most events waiting", "until it is calm again",
    "issue told: 99 %, slowest", "other mails: 99 %, slowest", "left at midnight",
)  # fmt: skip


def row(house: House, seen: Seen) -> str:
    """A line of the table."""
    busiest = max(seen.lag)
    later = next((m for m in range(seen.lag.index(busiest), len(seen.lag)) if seen.lag[m] < CALM), None)
    calm = "–" if later is None or busiest < CALM else f"{later - seen.lag.index(busiest)} min"
    cells = [house.name, f"{house.listeners} / {house.notifiers}", f"{busiest:,.0f}", calm, _times(seen.issues)]
    return f"| {' | '.join([*cells, _times(seen.others), f'{abs(seen.left):,.0f}'])} |"


def _times(told: Counter[int]) -> str:
    return f"{_time(within(told, 0.99))}, {_time(max(told))}"


def _time(seconds: int) -> str:
    return "1 s" if seconds == 0 else f"{seconds} s" if seconds < 600 else f"{seconds // 60} min"


def main() -> None:
    """The page and the picture."""
    days = [(house, simulate(house)) for house in DAYS]
    table = [
        f"| {' | '.join(HEADINGS)} |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(row(house, seen) for house, seen in days),
    ]
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(table) + "\n\n" + END + rest.partition(END)[2])
    PICTURE.write_text(svg([(house.name, seen) for house, seen in days if house in (DAYS[0], DAYS[3], DAYS[5])]))
    print("\n".join(table))


if __name__ == "__main__":
    main()
