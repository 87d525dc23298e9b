"""What can happen: the steps of a script, how a seed makes one, and how Hypothesis does. Data only.

One table of choices serves both, so that what a seed can find Hypothesis can find too, and shrink.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

CUSTOMERS = ("bob", "eve", "ada", "kim", "lea")
SLOTS = 2
"""So many workers at most are at work (each may die and be replaced)."""
LENGTH = 60


@dataclass(frozen=True)
class Place:
    """A customer orders something, said `copies` times. All but `fine` orders fail, all but `never` until `Mend`."""

    customer: str
    kind: str
    copies: int


@dataclass(frozen=True)
class Lose:
    """The parcel of the order placed `back` orders ago is lost: its completion must not come."""

    back: int


@dataclass(frozen=True)
class Repeat:
    """What was said `back` events ago is said again, byte for byte."""

    back: int


@dataclass(frozen=True)
class Odd:
    """Something that is not applied: a tombstone, half a record, an id used again, a type that nobody here wants."""

    customer: str
    what: str


@dataclass(frozen=True)
class Gap:
    """Offsets that hold no record, as after compaction or at the end of a transaction."""

    topic: int
    partition: int
    size: int


@dataclass(frozen=True)
class Pass:
    """Time goes by for the shop."""

    minutes: int


@dataclass(frozen=True)
class Reach:
    """The publisher of a topic (2: of both) says on every partition what time it is."""

    topic: int


@dataclass(frozen=True)
class Turn:
    """A worker turns once; a fetch brings `most` records a place, and topic `silent` does not answer."""

    slot: int
    most: int
    silent: int | None


@dataclass(frozen=True)
class Fault:
    """What happens to a worker when it next comes to a named point."""

    slot: int
    point: str
    action: str


@dataclass(frozen=True)
class Rebalance:
    """The group counts its members: the dead and the frozen are out, the others share their partitions."""


@dataclass(frozen=True)
class Deaf:
    """A worker is thrown out of the group and does not hear of it for so many polls: a zombie."""

    slot: int
    polls: int


@dataclass(frozen=True)
class Thaw:
    """A frozen worker goes on where it stopped."""

    slot: int


@dataclass(frozen=True)
class Restart:
    """The database drops every connection."""


@dataclass(frozen=True)
class Publish:
    """The relay publishes what is there, `most` records a batch; batch `number` ends as `outcome` says."""

    outcome: str
    number: int
    most: int


@dataclass(frozen=True)
class Mend:
    """Whatever made orders fail (but `never`) is repaired."""


@dataclass(frozen=True)
class Redrive:
    """Somebody takes up a customer's parked events."""

    customer: str


@dataclass(frozen=True)
class Ask:
    """A customer asks for something over HTTP, `times` times with one id."""

    customer: str
    times: int


Step = (
    Place | Lose | Repeat | Odd | Gap | Pass | Reach | Turn | Fault | Rebalance | Deaf | Thaw | Restart | Publish | Mend
    | Redrive | Ask
)  # fmt: skip


@dataclass(frozen=True)
class Script:
    """Everything that happens in one run, and the clock it happens by: real or simulated."""

    clock: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join([f"clock {self.clock}", *(f"  {number:2} {step}" for number, step in enumerate(self.steps))])


POINTS = {
    "after_poll": ("die", "freeze", "fail", "fail", "hang", "rebalance"),
    "inside_transaction": ("die", "freeze", "fail", "cut", "rebalance"),
    "before_commit": ("die", "freeze", "fail", "cut"),
    "after_commit": ("die", "freeze", "fail"),
    "before_hint": ("die", "freeze", "fail"),
    "on_revoke": ("die", "freeze"),
}
"""The named points where a worker can come to harm, and how."""
RELAY_OUTCOMES = ("acknowledged", "refused", "refused", "refused", "unanswered", "relay_before_ack", "relay_after_ack")
_KINDS = ("fine",) * 16 + ("reject", "bug", "unsavable", "never")
_ODD = ("tombstone", "truncated", "reused", "foreign")
_SLOTS = tuple(range(SLOTS))

_CHOICES: tuple[tuple[int, type[Any], tuple[Sequence[Any], ...]], ...] = (
    (22, Place, (CUSTOMERS, _KINDS, (1, 1, 1, 2))),
    (11, Lose, ((0, 1, 2, 4),)),
    (4, Repeat, ((0, 1, 3, 7),)),
    (4, Odd, (CUSTOMERS, _ODD)),
    (2, Gap, ((0, 1), (0, 1), (1, 3))),
    (12, Pass, ((1, 20, 61),)),
    (14, Reach, ((0, 1, 2),)),
    (64, Turn, ((0, 0, *_SLOTS), (1, 3, 50), (None,) * 5 + (0, 1))),
    *((6, Fault, ((0, *_SLOTS), (point,), actions)) for point, actions in POINTS.items()),
    (5, Rebalance, ()),
    (3, Deaf, (_SLOTS, (1, 3))),
    (6, Thaw, (_SLOTS,)),
    (2, Restart, ()),
    (16, Publish, (RELAY_OUTCOMES, (0, 0, 1), (1, 1, 3))),
    (1, Mend, ()),
    (3, Redrive, (CUSTOMERS,)),
    (3, Ask, (CUSTOMERS, (1, 2))),
)
_DAILY = (Place, Lose, Pass, Reach, Turn, Publish)
_SWARM = (0, 0, 1, 4)
CLOCKS = ("real", "simulated")


def script_of(seed: int, length: int = LENGTH) -> Script:
    """The same seed, the same script, on every machine.

    Each seed knows some kinds of harm and not others (swarm testing): where everything happens at once, one rescue
    hides what another one missed.
    """
    chance = Random(seed)
    weights = [weight if step in _DAILY else weight * chance.choice(_SWARM) for weight, step, _ in _CHOICES]
    chosen = chance.choices(_CHOICES, weights, k=length)
    steps = tuple(step(*(chance.choice(options) for options in fields)) for _, step, fields in chosen)
    return Script(CLOCKS[seed % 2], steps)


@st.composite
def scripts(draw: st.DrawFn, length: int = LENGTH) -> Script:
    """The same steps for Hypothesis, which takes away what a failure does not need."""
    kinds = [st.builds(step, *map(st.sampled_from, fields)) for weight, step, fields in _CHOICES for _ in range(weight)]
    return Script(draw(st.sampled_from(CLOCKS)), tuple(draw(st.lists(st.one_of(kinds), max_size=length))))
