"""The simulation is tested too: each planted mistake is found within fifty seeds."""

import pytest

from tests.simulation.planted import PLANTS
from tests.simulation.stage import Stage
from tests.simulation.steps import script_of

SEEDS = 50


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_mistake_is_found(stage: Stage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTS[name](monkeypatch)
    assert any(stage.play(script_of(seed)).faults for seed in range(1, SEEDS + 1))
