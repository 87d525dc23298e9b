"""One seed, one run: whoever is killed, frozen, cut off or thrown out, every promise is kept."""

import pytest
from hypothesis import given, settings

from tests.simulation.shrinking import shrunk
from tests.simulation.stage import Stage
from tests.simulation.steps import Gap, Pass, Place, Publish, Reach, Script, Turn, script_of, scripts

TURN = Turn(0, 50, None)


@pytest.mark.parametrize("seed", range(1, 21))
def test_every_promise_is_kept(stage: Stage, seed: int) -> None:
    script = script_of(seed)
    assert stage.play(script).faults == [], str(script)


@given(scripts())
@settings(max_examples=10, deadline=None, derandomize=True)
def test_every_promise_is_kept_whatever_the_script(stage: Stage, script: Script) -> None:
    assert stage.play(script).faults == [], str(script)


@pytest.mark.parametrize("seed", [1, 2, 9])
def test_a_seed_is_one_run(stage: Stage, seed: int) -> None:
    first, second = stage.play(script_of(seed)), stage.play(script_of(seed))
    assert first.trace == second.trace
    assert first.end == second.end


@pytest.mark.parametrize("clock", ["real", "simulated"])
def test_a_quiet_day_is_folded_and_published(stage: Stage, clock: str) -> None:
    steps = (Place("ada", "fine", 1), TURN, TURN, Gap(0, 1, 2), Pass(61), Reach(2), TURN, Publish("acknowledged", 0, 3))
    played = stage.play(Script(clock, steps))
    assert played.faults == []
    assert played.end[0] == [("ada", ["placed o000", "completed o000"])]


def test_a_failing_script_is_told_with_the_steps_that_matter() -> None:
    script = script_of(1)

    def fails(shorter: Script) -> bool:
        kinds = [type(step) for step in shorter.steps]
        return kinds.count(Turn) >= 2 and Place in kinds

    smallest = shrunk(script, fails)
    assert sorted(type(step).__name__ for step in smallest.steps) == ["Place", "Turn", "Turn"]
