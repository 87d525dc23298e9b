"""One house for the stories of a file, each with customers of its own; its books are looked at after every story."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.broker import Broker
from tests.brokers import empty
from tests.conftest import DatabaseOf
from tests.journeys.house import House, open_house


@pytest.fixture(scope="module")
async def open_for_all(lasting_broker: Broker, database_of: DatabaseOf) -> AsyncIterator[House]:
    """Empty topics, empty databases, simulated time."""
    await empty(lasting_broker.bootstrap)
    async with open_house(lasting_broker, database_of) as house:
        yield house


@pytest.fixture
async def house(open_for_all: House) -> AsyncIterator[House]:
    """The house, and the audit after the story."""
    open_for_all.stays_parked = {}
    yield open_for_all
    await open_for_all.audit()
