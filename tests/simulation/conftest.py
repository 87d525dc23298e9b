"""A stage for the tests of the simulation."""

from collections.abc import Iterator

import pytest

from deploy.local.postgres import Postgres
from tests.simulation.stage import Stage


@pytest.fixture(scope="module")
def stage(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """One database for the scripts of a module."""
    stage = Stage(postgres.database(request.module.__name__.rpartition(".")[2]))
    yield stage
    stage.close()
