"""`python -m benchmarks`: everything that `QUICK`, `SCALE` and `ONLY` ask for, into `build/bench.json`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from benchmarks import (
    alarming,
    consuming,
    growing,
    ingesting,
    mailing,
    publishing,
    reading,
    releasing,
    requesting,
    results,
    waking,
)  # fmt: skip
from benchmarks.contents import ContentsDiffer
from benchmarks.machine import REPOSITORY, Machine, described
from benchmarks.measuring import Measured
from benchmarks.paths import path_of
from benchmarks.plan import Plan
from deploy.local.broker import kind_from

RESULT = REPOSITORY / "build" / "bench.json"


SECTIONS: dict[str, Callable[[Machine, Plan], Iterator[Measured]]] = {
    "relay": publishing.rounds,
    "sweep": waking.rounds,
    "http": requesting.rounds,
    "ingest": ingesting.rounds,
    "timeline": reading.rounds,
    "notifier": mailing.rounds,
    "issue_to_mail": alarming.rounds,
    "morning": releasing.rounds,
    "workers": growing.two_workers,
    "scale": growing.many_accounts,
    "endurance": growing.endurance,
}


def main() -> int:
    """Exit code 0, or 1 when two modes that are compared do not leave the same rows."""
    plan, began_s = Plan.from_environment(), time.monotonic()
    runs: list[Measured] = []
    compared: dict[str, Any] = {}
    with Machine() as machine:
        try:
            for run in _everything(machine, plan, compared):
                runs.append(run)
                print(f"{run.section:16} {run.mode:32} {run.round:2} {run.events_per_s:10,.0f}/s {run.cpu_us:8.0f} µs")
        except ContentsDiffer as difference:
            print(f"not the same rows:\n{difference}", file=sys.stderr)
            return 1
    runs = _others(runs) + runs
    RESULT.write_bytes(results.document(described(kind_from(os.environ)), plan, runs, compared))
    print(f"\n{results.table(runs)}\n\n{RESULT.relative_to(REPOSITORY)} after {time.monotonic() - began_s:.0f} s")
    return 0


def _others(runs: list[Measured]) -> list[Measured]:
    """What is known of sections that did not run this time; ratios are always of one section in one run."""
    if not RESULT.exists():
        return []
    before = msgspec.convert(msgspec.json.decode(RESULT.read_bytes())["runs"], list[Measured])
    return [run for run in before if run.section not in {new.section for new in runs}]


def _everything(machine: Machine, plan: Plan, compared: dict[str, Any]) -> Iterator[Measured]:
    for service in ("loyalty", "orders_listener"):
        if service in plan.sections:
            path = path_of(service, plan)
            compared[path.service] = consuming.same_rows(machine, plan, path, path.events)
            yield from consuming.rounds(machine, plan, path)
    for section, rounds in SECTIONS.items():
        if section in plan.sections:
            yield from rounds(machine, plan)


if __name__ == "__main__":
    sys.exit(main())
