"""A service's consume path beside the other ways: first that they leave the same rows, then how fast each is."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from benchmarks import contents, topics
from benchmarks.machine import Machine
from benchmarks.measuring import Measured, Mode, consume_all, measure, measure_raw
from benchmarks.plan import Plan
from contracts import Event

SERVICE = Mode(name="service", module="benchmarks.modes.service")


class Path(Struct, frozen=True, kw_only=True):
    """One service's way from Kafka into its tables."""

    service: str
    topic: str
    """The one that raw reading reads."""
    events: Any
    """Its events, without end."""
    fast: Sequence[Mode]
    """What commits batches."""
    slow: Sequence[Mode] = ()
    """What commits message by message."""


def same_rows(machine: Machine, plan: Plan, path: Path, said: Iterator[Event[Any]]) -> dict[str, int]:
    """Raises `ContentsDiffer` unless every mode leaves the service's rows; rows by table. Leaves all events said."""
    bootstrap = machine.empty_broker()
    topics.say(bootstrap, said, plan.slow_compared_events)
    _compare(machine, path.service, plan.chosen(path.slow), plan.slow_compared_events)
    topics.say(bootstrap, said, plan.compared_events - plan.slow_compared_events)
    rows = _compare(machine, path.service, plan.chosen(path.fast), plan.compared_events)
    topics.say(bootstrap, said, plan.events - plan.compared_events)
    return rows


def _compare(machine: Machine, service: str, modes: Sequence[Mode], events: int) -> dict[str, int]:
    if not modes:
        return {}
    databases = [(mode, machine.database(service)) for mode in (SERVICE, *modes)]
    consume_all(machine, service, databases, events)
    (_, ours), *others = databases
    rows: dict[str, int] = {}
    for mode, theirs in others:
        rows = contents.compare(machine.address(ours), machine.address(theirs), ("service", mode.name))
    for _, database in databases:
        machine.postgres.drop(database)
    return rows


def rounds(machine: Machine, plan: Plan, path: Path) -> Iterator[Measured]:
    """Every mode once in each round; every other round goes backwards, so that nobody always follows the same."""
    for number in range(1, plan.rounds + 1):
        modes = plan.chosen([SERVICE, *path.fast, *path.slow])
        if not plan.modes:
            yield measure_raw(machine, plan, path.service, path.service, path.topic, number)
        for mode in modes if number % 2 else reversed(modes):
            yield measure(machine, plan, path.service, path.service, mode, number)
