"""`make simulate SEEDS=200 SEED=1`: play so many seeds; of the first that fails, say all there is to say.

`PLANT=name` plays them with a planted mistake. Ends with 1 when a promise was broken.
"""

import argparse
import sys
import time

import pytest

from deploy.local.postgres import Postgres
from tests.simulation.planted import PLANTS
from tests.simulation.shrinking import shrunk
from tests.simulation.stage import Stage
from tests.simulation.steps import Script, script_of

SAY_EVERY = 25


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (default 1)")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="play with this mistake planted")
    arguments = parser.parse_args()
    with Postgres(durable=False) as server, pytest.MonkeyPatch.context() as patch:
        if arguments.plant:
            PLANTS[arguments.plant](patch)
        stage = Stage(server.database("simulation"))
        try:
            return _play(stage, range(arguments.seed, arguments.seed + arguments.seeds), arguments.plant)
        finally:
            stage.close()


def _play(stage: Stage, seeds: range, plant: str | None) -> int:
    began_s = time.monotonic()
    for done, seed in enumerate(seeds, 1):
        script = script_of(seed)
        faults = stage.play(script).faults
        if faults:
            _tell(stage, seed, script, faults, plant)
            return 1
        if done % SAY_EVERY == 0 or done == len(seeds):
            _say(f"{done} seeds in {time.monotonic() - began_s:.0f} s, every promise kept")
    return 0


def _tell(stage: Stage, seed: int, script: Script, faults: list[str], plant: str | None) -> None:
    planted = f" PLANT={plant}" if plant else ""
    _say(f"seed {seed} breaks a promise; again with: make simulate SEEDS=1 SEED={seed}{planted}")
    _say(*faults)
    _say("", "the same with fewer steps:")
    smallest = shrunk(script, lambda shorter: bool(stage.play(shorter).faults))
    played = stage.play(smallest)
    _say(smallest, "", *played.trace, "", *played.faults)


def _say(*lines: object) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
