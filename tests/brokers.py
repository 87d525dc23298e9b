"""A broker with empty topics for each test that needs one: Tansu, or Apache Kafka with KAFKA=apache."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from chassis import topics
from deploy.local.broker import Broker, broker, kind_from

PARTITIONS = 3


@pytest.fixture(scope="session")
def lasting_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the whole run; its topics are emptied between tests."""
    server = _broker(tmp_path_factory.mktemp("broker"))
    server.start()
    yield server
    server.stop()


def _broker(folder: Path) -> Broker:
    return broker(kind_from(os.environ), folder)


@pytest.fixture
async def kafka(lasting_broker: Broker) -> Broker:
    """The broker, with every topic of the contracts there and empty."""
    await empty(lasting_broker.bootstrap)
    return lasting_broker


async def empty(bootstrap: str) -> None:
    """Every topic of the contracts there, with nothing on it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = [name for name in await admin.list_topics() if name in topics.every_topic()]
        if existing:
            await admin.delete_topics(existing)
            while set(await admin.list_topics()) & set(existing):  # noqa: ASYNC110 the broker tells nobody
                await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await topics.create(bootstrap, PARTITIONS)


def session_timeout_ms(kafka: Broker) -> int:
    """As short as the broker allows: joining a group of the embedded one takes half of it."""
    return 6_000 if kafka.idempotent_producer else 2_000
