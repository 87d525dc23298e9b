"""What must have become of a story: a small independent account of the toy's rules and the chassis's promises.

Works from the script's records alone and imports nothing of the chassis. With simulated time every customer's sequence
is known exactly; with the real clock it is known as far as the promises go: each topic's order, and no deadline before
what was said before it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.simulation.story import TOPICS, Said, Story

HOUR = 60
REASONS = {"tombstone": "missing_value", "truncated": "truncated_json", "reused": "id_reused"}


@dataclass
class Life:
    """What becomes of one customer with simulated time."""

    effects: list[str] = field(default_factory=list)
    kept: list[Said] = field(default_factory=list)
    """What stays parked for ever: the order that never goes through and all behind it."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Orders that wait for completion, and until when."""

    def fire_until(self, minute: int) -> None:
        """Deadlines due before `minute`, the earliest first."""
        for order, due in sorted(self.waiting.items(), key=lambda item: (item[1], item[0])):
            if due < minute:
                self.effects.append(f"completed {order}")
                del self.waiting[order]

    def take(self, said: Said) -> None:
        """Apply one event, or keep it."""
        if not self.kept:
            self.fire_until(said.minute)
        if self.kept or said.title == "never":
            self.kept.append(said)
            return
        self.effects.append(f"{said.kind} {said.order}")
        if said.kind == "placed":
            self.waiting[said.order] = said.minute + HOUR
        else:
            self.waiting.pop(said.order, None)


def events_of(story: Story, customer: str) -> list[Said]:
    """A customer's events, each once, by the time said, then the topic's rank, then the offset."""
    events = [one for one in story.said if one.customer == customer and one.kind in ("placed", "lost")]
    return sorted(events, key=lambda one: (one.minute, TOPICS.index(one.topic), one.offset))


def life_of(story: Story, customer: str) -> Life:
    """Simulated time: the one possible sequence."""
    life = Life()
    for said in events_of(story, customer):
        life.take(said)
    if not life.kept:
        life.fire_until(story.end)
    return life


def counts_of(story: Story) -> dict[tuple[str, int], Counter[str]]:
    """Per topic and partition, how many records of each kind there are."""
    counts: dict[tuple[str, int], Counter[str]] = {}
    for said in story.said:
        counts.setdefault((said.topic, said.partition), Counter())[said.kind] += 1
    return counts


def faults_of_order(events: Sequence[Said], effects: Sequence[str]) -> Iterator[str]:
    """The real clock: what in a customer's effects breaks a promise; `events` are those that were applied."""
    place = {what: number for number, what in enumerate(effects)}
    if len(place) < len(effects):
        yield f"something was applied twice: {effects}"
        return
    for topic in TOPICS:
        own = [f"{said.kind} {said.order}" for said in events if said.topic == topic]
        if own != sorted(own, key=lambda what: place[what]):
            yield f"the order of {topic} was not kept: {effects}"
    for placed in (said for said in events if said.kind == "placed"):
        yield from _completion(placed, events, place)


def _completion(placed: Said, events: Sequence[Said], place: dict[str, int]) -> Iterator[str]:
    begun, due = place[f"placed {placed.order}"], placed.minute + HOUR
    completed, lost = place.get(f"completed {placed.order}"), place.get(f"lost {placed.order}")
    if completed is None:
        return
    if begun > completed or (lost is not None and begun < lost < completed):
        yield f"{placed.order} was completed though it was not due"
    late = [f"{said.kind} {said.order}" for said in events if said.minute < due]
    late = [what for what in late if place[what] > completed]
    if late:
        yield f"{placed.order} was completed before {late} was heard"
