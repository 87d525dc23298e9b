"""One seed, one run: whatever is killed, frozen, cut off or thrown out, every promise is kept."""

import pytest

from tests.simulation.stage import Stage
from tests.simulation.steps import script_of


@pytest.mark.parametrize("seed", range(1, 26))
def test_every_promise_is_kept(stage: Stage, seed: int) -> None:
    script = script_of(seed)
    assert stage.play(script).faults == [], str(script)
