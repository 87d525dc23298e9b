"""Whether a played world kept every promise: what was observed against what was expected, a sentence for each fault."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.kafka import rfc3339
from tests.simulation.expected import REASONS, counts_of, events_of, faults_of_order, life_of
from tests.simulation.kafka import Record
from tests.simulation.observed import Observed
from tests.simulation.steps import CUSTOMERS, Ask
from tests.simulation.story import Said, moment
from tests.simulation.world import World

REACHED = "time-reached"


@dataclass
class _Case:
    world: World
    seen: Observed

    def faults(self) -> Iterator[str]:
        yield from self.world.troubles
        yield from self.counted()
        yield from self.parked()
        for customer in CUSTOMERS:
            for fault in self.applied(customer):
                yield f"{customer}: {fault}"
        yield from self.answered()
        yield from self.said_in_order()

    def counted(self) -> Iterator[str]:
        """Everything has one fate; positions stand behind the last record."""
        ends = {said.place[:2]: said.offset + 1 for said in self.world.story.said}
        for place, kinds in counts_of(self.world.story).items():
            found = self.seen.positions.get(place)
            if found is None:
                yield f"{place} was never read"
                continue
            parked = sum(other[:2] == place for other in self.seen.parked)
            wanted = {
                "next_offset": ends[place],
                "consumed": kinds.total(),
                "duplicate": kinds["repeated"],
                "ignored": kinds["foreign"],
                "parked": parked,
                "applied": kinds.total() - kinds["repeated"] - kinds["foreign"] - parked,
            }
            if found != wanted:
                yield f"{place} counts {found}, not {wanted}"

    def parked(self) -> Iterator[str]:
        """With its reason, and byte for byte."""
        said = {one.place: one for one in self.world.story.said}
        for place, row in self.seen.parked.items():
            if (row.key, row.value) != (said[place].key, said[place].value):
                yield f"{place} was parked with other bytes"
            if said[place].kind not in ("placed", "lost", *REASONS):
                yield f"{place} was parked, {said[place].kind} as it is"
        for one in said.values():
            reason = REASONS.get(one.kind)
            found = self.seen.parked.get(one.place)
            if reason and (found is None or (found.reason, found.state) != (reason, "parked")):
                yield f"{one.place} is not parked as {reason}: {found}"

    def applied(self, customer: str) -> Iterator[str]:
        """Each event once or parked, in order, with the deadlines where they belong."""
        effects = [what for what in self.seen.effects.get(customer, []) if not what.startswith("asked ")]
        if self.seen.seen.get(customer, []) != self.seen.effects.get(customer, []):
            yield "the account is not what was applied"
        events = events_of(self.world.story, customer)
        done, kept = [e for e in events if not self._is_kept(e)], [e for e in events if self._is_kept(e)]
        if self.world.script.clock == "simulated":
            life = life_of(self.world.story, customer)
            if effects != life.effects:
                yield f"applied {effects}, not {life.effects}"
            if kept != life.kept:
                yield f"parked for ever {kept}, not {life.kept}"
            if {order for who, order in self.seen.waiting if who == customer} != set(life.waiting):
                yield f"waits for other deadlines than {life.waiting}"
        yield from self._each_once(effects, done, kept)
        yield from self._facts(customer, effects)

    def _is_kept(self, said: Said) -> bool:
        found = self.seen.parked.get(said.place)
        return found is not None and found.state == "parked"

    def _each_once(self, effects: Sequence[str], done: Sequence[Said], kept: Sequence[Said]) -> Iterator[str]:
        """Whatever the clock."""
        whats = {f"{said.kind} {said.order}" for said in done}
        if whats != {what for what in effects if not what.startswith("completed ")}:
            yield f"applied {effects}, not each of {sorted(whats)}"
            return
        yield from faults_of_order(done, effects)
        stops = [said for said in [*done, *kept] if said.title == "never"]
        if stops:
            behind = [s for s in done if s.topic == stops[0].topic and s.offset >= min(x.offset for x in stops)]
            if behind:
                yield f"applied though an order before it never goes through: {behind}"
            return
        if kept:
            yield f"parked though everything was mended: {kept}"
        for said in (said for said in done if said.kind == "placed" and f"completed {said.order}" not in effects):
            lost = f"lost {said.order}"
            if lost not in effects or effects.index(lost) < effects.index(f"placed {said.order}"):
                yield f"{said.order} was never completed"

    def _facts(self, customer: str, effects: Sequence[str]) -> Iterator[str]:
        """What was said of it: everything, in order, repetitions aside; and why."""
        words = {"placed": "order-confirmed", "completed": "order-completed"}
        wanted = [(words[kind], order) for kind, order in (what.split() for what in effects) if kind in words]
        found = [
            (_name(record), _header(record, "ce_subject")) for record in self._once() if record.key == customer.encode()
        ]
        if found != wanted:
            yield f"said {found}, not {wanted}"
        for order in (order for name, order in wanted if name == "order-confirmed"):
            if self.seen.decisions.count(order) != 1:
                yield f"{order} was decided {self.seen.decisions.count(order)} times"

    def _once(self) -> list[Record]:
        """What lies on the service's own topic, without what is there again."""
        firsts: dict[str, Record] = {}
        for place in sorted(self.seen.published):
            for record in self.seen.published[place]:
                firsts.setdefault(_header(record, "ce_id"), record)
        return list(firsts.values())

    def answered(self) -> Iterator[str]:
        """What a customer was told over HTTP is so."""
        for number, answer in self.world.answers.items():
            step = self.world.script.steps[number]
            times = self.seen.effects.get(step.customer, []).count(f"asked {number}") if isinstance(step, Ask) else 0
            if times not in {"applied": {1}, "refused": {0}, "unknown": {0, 1}}[answer]:
                yield f"step {number} was answered {answer} and is there {times} times"

    def said_in_order(self) -> Iterator[str]:
        """Simulated time: after `time-reached` nothing earlier is said, but of customers who had been held up."""
        if self.world.script.clock != "simulated":
            return
        held_up = {said.key for said in self.world.story.said if said.title not in ("", "fine")}
        reached = dict.fromkeys(range(2), "")
        for record in self._once():
            time = _header(record, "ce_time")
            if time < reached[record.partition] and record.key not in held_up:
                yield f"{_name(record)} of {time} was said after time had reached {reached[record.partition]}"
            if _name(record) == REACHED:
                reached[record.partition] = time
        end = rfc3339(moment(self.world.story.end))
        if set(reached.values()) != {end}:
            yield f"time has come to {reached}, not {end}"


def faults_of(world: World, seen: Observed) -> list[str]:
    """Empty when all is well."""
    return list(_Case(world, seen).faults())


def _header(record: Record, name: str) -> str:
    return dict(record.headers)[name].decode()


def _name(record: Record) -> str:
    return _header(record, "ce_type").split(".")[1]
