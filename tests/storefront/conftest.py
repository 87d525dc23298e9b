"""A broker of its own for each test that needs one: it starts in a blink and begins empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker, broker, kind_from


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Broker]:
    with broker(kind_from(), tmp_path) as running:
        yield running
