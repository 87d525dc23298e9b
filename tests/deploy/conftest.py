"""Real programs, shared by the tests of this folder where they can be."""

import os
from collections.abc import Iterator

import pytest

from deploy.local.postgres import Postgres

JAVA = ["test_apache.py", "test_secured_kafka.py"]  # minutes, Java and Maven
collect_ignore = [] if os.environ.get("KAFKA") == "apache" else JAVA


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "apache: needs Java; collected with KAFKA=apache only")
