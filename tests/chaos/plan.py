"""What is done to the workers in a run, drawn from one seed. Pure; owns how much of each, not how it is done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random

from tests.chaos.house import SERVICES
from tests.chaos.points import FREEZE, KILL, POINTS
from tests.chaos.proxy import AFTER, BEFORE

FROZEN_AT = (
    "after_poll",
    "after_poll",
    "inside_transaction",
    "after_poll",
    "before_database_commit",
    "relay_before_ack",
)
"""Half asleep between the poll and the transaction: the sure way to become a zombie that others have overtaken."""
WEATHER = ("postgres killed", "broker killed", "postgres restarted", "broker restarted")
HITS = (1, 1, 2, 3)


@dataclass(frozen=True)
class Act:
    """One thing done to a service: struck at a point, cut off at COMMIT, a worker more or less."""

    kind: str
    """`kill`, `freeze`, `cut`, `more`, `less`."""
    at: str = ""
    """The point, or where COMMIT is cut."""
    hits: int = 1


@dataclass(frozen=True)
class Plan:
    """Acts per service, one after the other, and the weather that all of them have."""

    acts: Mapping[str, Sequence[Act]]
    weather: Sequence[str]
    longest: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", max(len(acts) for acts in self.acts.values()))


def plan_of(seed: int, kills: int) -> Plan:
    """So many kills, spread over points and services, and in proportion everything else."""
    dice = Random(f"plan {seed}")
    acts: dict[str, list[Act]] = {service: [] for service in SERVICES}
    for number, point in enumerate(islice(cycle(POINTS), kills)):
        acts[SERVICES[(number + number // len(POINTS)) % 2]].append(Act(KILL, point, dice.choice(HITS)))
    for number, act in enumerate(_other_acts(kills)):
        acts[SERVICES[number % 2]].append(act)
    for share in acts.values():
        dice.shuffle(share)
    return Plan(acts, list(islice(cycle(WEATHER), max(1, kills // 10))))


def _other_acts(kills: int) -> Iterator[Act]:
    """Every second one is for the other service."""
    for point in islice(cycle(FROZEN_AT), max(2, kills // 5)):
        yield Act(FREEZE, point)
    for when in islice(cycle((BEFORE, AFTER, AFTER)), max(2, kills // 5)):
        yield Act("cut", when)
    for kind in islice(cycle(("more", "more", "less", "less")), max(1, kills // 10)):
        yield Act(kind)
