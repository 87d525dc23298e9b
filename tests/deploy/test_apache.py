"""Apache Kafka itself, with the idempotent producer that the embedded broker lacks. Runs with KAFKA=apache."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from structlog.testing import capture_logs

from chassis import topics
from contracts.storefront import CUSTOMERS
from deploy.local.apache import ApacheKafka
from tests.deploy.exchange import sent_and_received
from tests.running import until

pytestmark = pytest.mark.apache


async def test_what_is_sent_arrives_in_order_also_after_a_kill(tmp_path: Path) -> None:
    with ApacheKafka(tmp_path) as broker:
        sent, received = await sent_and_received(broker)
        broker.kill()
        broker.start()
        again = await sent_and_received(broker)

    assert received == sent
    assert again == (sent, sent)


async def test_contacts_are_gone_from_the_disk_when_their_time_is_over(tmp_path: Path) -> None:
    """As `chassis.topics` has it, with seconds for days; also from a segment that is still written to."""
    short = topics.FORGETTING | {"retention.ms": "1500", "segment.ms": "500", "file.delete.delay.ms": "0"}
    with ApacheKafka(tmp_path) as broker:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(CUSTOMERS, 1, 1, topic_configs=short)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
            for _ in range(3):  # a publisher whose clock runs a day ahead
                await producer.send_and_wait(
                    CUSTOMERS, b"ada@example.org", partition=0, timestamp_ms=int((time.time() + 86_400) * 1_000)
                )
            assert b"ada@example.org" in on_disk(tmp_path)

            async def gone() -> bool:
                await producer.send_and_wait(CUSTOMERS, b"somebody else", partition=0)
                return b"ada@example.org" not in on_disk(tmp_path)

            await until(gone)
        async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap) as consumer:
            place = TopicPartition(CUSTOMERS, 0)
            assert (await consumer.beginning_offsets([place]))[place] >= 3


def on_disk(folder: Path) -> bytes:
    """Everything in the broker's files; they may go while they are read."""
    contents = []
    for path in (folder / "data").rglob("*"):
        with suppress(FileNotFoundError):
            contents.append(path.read_bytes() if path.is_file() else b"")
    return b"".join(contents)


async def test_topics_are_created_so_that_contacts_are_forgotten_and_others_are_noticed(tmp_path: Path) -> None:
    with ApacheKafka(tmp_path) as broker:
        await topics.create(broker.bootstrap, 1)
        with capture_logs() as logs:
            await topics.check(broker.bootstrap, [CUSTOMERS], 1)
        assert logs == []
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, CUSTOMERS, {"retention.ms": str(90 * topics.DAY_MS)})]
        )
        await admin.close()
        with capture_logs() as logs:
            await topics.check(broker.bootstrap, [CUSTOMERS], 1)
        [found] = logs
        assert (found["event"], found["log_level"]) == ("contacts stay in Kafka for too long", "error")
        with capture_logs() as logs:
            await topics.check(broker.bootstrap, ["storefront.orders"], 1)
        assert logs == []
