"""One house for the stories of a file, each with customers of its own; its books are looked at after every story."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from tests.brokers import empty
from tests.conftest import DatabaseOf
from tests.journeys.house import House, open_house
from tests.sources import ROOT

MAIL_SECRET = "a-secret-of-enough-signs"
PATIENT = ROOT / "tests" / "patient.yaml"


@pytest.fixture(scope="module")
def policy_file() -> Path | None:
    """A shop that minds no silence, so that a story's issues are those it tells."""
    return PATIENT


@pytest.fixture(scope="module")
async def open_for_all(
    lasting_broker: Broker, database_of: DatabaseOf, policy_file: Path | None
) -> AsyncIterator[House]:
    """Empty topics, empty databases, simulated time."""
    await empty(lasting_broker.bootstrap)
    policy = {"ORDERS_LISTENER_POLICY_FILE": str(policy_file)} if policy_file else {}
    comes_back = {"NOTIFIER_INBOUND_DOMAIN": "in.shop.example", "NOTIFIER_HOOKS_MAIL_SECRETS": MAIL_SECRET}
    async with open_house(lasting_broker, database_of, **policy, **comes_back) as house:
        yield house


@pytest.fixture
async def house(open_for_all: House) -> AsyncIterator[House]:
    """The house, and the audit after the story."""
    open_for_all.stays_parked = {}
    yield open_for_all
    await open_for_all.audit()
