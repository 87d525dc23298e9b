"""Where a mode's CPU time goes: `python -m benchmarks.profiling loyalty service`.

The last word is a module of `benchmarks.modes`. A timer of CPU time interrupts the process every few milliseconds and
notes who is at work, so that what else the machine does is not seen. Prints functions by the share of samples in which
they were at work themselves, and in which they waited for what they had called.
"""

import os
import runpy
import signal
import sys
from collections import Counter
from types import FrameType

from benchmarks import topics
from benchmarks.machine import FOLDER, Machine
from benchmarks.measuring import Mode, consume_all
from benchmarks.paths import path_of
from benchmarks.plan import Plan

INTERVAL_S = 0.001
SHOWN = 45
OURS = ("/shared/", "/services/", "/benchmarks/modes/")
EVENTS = 60_000

_own: Counter[str] = Counter()
_within: Counter[str] = Counter()
_ours: Counter[str] = Counter()


def sample(_: int, frame: FrameType | None) -> None:
    """One look at the stack."""
    if frame is not None:
        _own[_name(frame)] += 1
    seen: dict[str, None] = {}
    ours = "(libraries alone)"
    while frame is not None:
        if ours.startswith("(") and any(folder in frame.f_code.co_filename for folder in OURS):
            ours = _name(frame)
        seen[_name(frame)] = None
        frame = frame.f_back
    _within.update(seen.keys())
    _ours[ours] += 1


def _name(frame: FrameType) -> str:
    place = "/".join(frame.f_code.co_filename.split("/")[-2:])
    return f"{place} {frame.f_code.co_qualname}"


def _show() -> None:
    total = max(1, _own.total())
    for title, counts in (
        ("itself", _own),
        ("with what it calls", _within),
        ("innermost of ours, with the libraries it calls", _ours),
    ):
        print(f"\n== {title}, of {total} samples")
        for name, number in counts.most_common(SHOWN):
            print(f"{number / total:6.1%}  {name}")


def run_sampled(module: str, arguments: list[str]) -> None:
    """Run a mode under the timer; SIGTERM prints what was seen."""
    sys.argv = [module, *arguments]
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _show()


def main(service: str, mode: str, *arguments: str) -> None:
    """Let one mode consume, and show where its time went."""
    path = path_of(service, Plan())
    sampled = Mode(
        name=mode, module="benchmarks.profiling", arguments=("--run", f"benchmarks.modes.{mode}", *arguments)
    )
    with Machine() as machine:
        topics.say(machine.empty_broker(), path.events, EVENTS)
        consume_all(machine, service, [(sampled, machine.database(service))], EVENTS)
        log = max((FOLDER / "logs").glob("*-profiling.log"), key=os.path.getmtime)
        print(log.read_text())


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        run_sampled(sys.argv[2], sys.argv[3:])
    else:
        main(*sys.argv[1:])
