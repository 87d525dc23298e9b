"""`make simulate SEEDS=200 SEED=1`: play so many seeds; of the first that fails, say all there is to say.

`PLANT=name` plays them with a planted mistake. Ends with 1 when a promise was broken.
"""

import argparse
import sys

import pytest

from deploy.local.postgres import Postgres
from tests.simulation.planted import PLANTS
from tests.simulation.seeds import first_broken
from tests.simulation.shrinking import shrunk
from tests.simulation.stage import Stage
from tests.simulation.steps import script_of

SAY_EVERY = 25


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (default 1)")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="play with this mistake planted")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    with Postgres(durable=False) as server:
        broken = first_broken(server, seeds, arguments.plant, _kept)
        if broken is not None:
            _tell(server, broken, arguments.plant)
    return int(broken is not None)


def _kept(done: int, of: int, seconds: float) -> None:
    if done % SAY_EVERY == 0 or done == of:
        _say(f"{done} seeds in {seconds:.0f} s, every promise kept")


def _tell(server: Postgres, seed: int, plant: str | None) -> None:
    """Everything about a seed that breaks a promise, and the same with fewer steps."""
    with pytest.MonkeyPatch.context() as patch:
        if plant:
            PLANTS[plant](patch)
        stage = Stage(server.database("simulation"))
        planted = f" PLANT={plant}" if plant else ""
        _say(f"seed {seed} breaks a promise; again with: make simulate SEEDS=1 SEED={seed}{planted}")
        script = script_of(seed)
        _say(*stage.play(script).faults, "", "the same with fewer steps:")
        smallest = shrunk(script, lambda shorter: bool(stage.play(shorter).faults))
        played = stage.play(smallest)
        _say(smallest, "", *played.trace, "", *played.faults)
        stage.close()


def _say(*lines: object) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
