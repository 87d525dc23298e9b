"""The SDK against a real broker: acknowledged means there, in order, on the customer's partition."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from contracts import TimeReached
from contracts.kafka import from_record
from contracts.storefront import OrderPaid
from deploy.local.broker import Broker
from deploy.local.ports import free_port
from storefront import BrokerAway, Publisher, TopicMissing, Unsayable, WrongPartitions
from storefront.partitions import partition_of
from storefront.saying import TOPICS
from tests.storefront.topics import PARTITIONS, create_topics, records_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAID = "storefront.order-paid.v1"


def _paid(customer_id: str, number: int) -> OrderPaid:
    return OrderPaid(customer_id=customer_id, order_id=f"R{number}", occurred_at=NOON, amount_minor=number)


def _publisher(kafka: Broker) -> Publisher:
    return Publisher(kafka.bootstrap, idempotent=kafka.idempotent_producer)


async def test_what_is_said_can_be_read_where_the_customer_lives(kafka: Broker) -> None:
    await create_topics(kafka.bootstrap)
    async with _publisher(kafka) as shop:
        event_id = await shop.publish(_paid("ada", 1), said_at=NOON)

    (record,) = await records_of(kafka.bootstrap, 1)
    event = from_record(record.key, record.value, record.headers, wanted={PAID})
    assert event is not None
    assert (event.id, event.data, event.time) == (event_id, _paid("ada", 1), NOON)
    assert (record.topic, record.partition) == ("storefront.orders", partition_of(b"ada", PARTITIONS))


async def test_each_customer_s_facts_stay_in_order(kafka: Broker) -> None:
    await create_topics(kafka.bootstrap)
    said = [(_paid(f"customer-{number % 17}", number), NOON + timedelta(seconds=number)) for number in range(2_000)]
    async with _publisher(kafka) as shop:
        assert await shop.publish_all(said) == len(said)

    numbers: dict[bytes, list[int]] = defaultdict(list)
    for record in await records_of(kafka.bootstrap, len(said)):
        numbers[record.key].append(json.loads(record.value)["amount_minor"])
    assert all(each == sorted(each) for each in numbers.values())
    assert len(numbers) == 17


async def test_time_is_said_on_every_partition_after_everything_before(kafka: Broker) -> None:
    await create_topics(kafka.bootstrap)
    async with _publisher(kafka) as shop:
        await shop.publish_all([(_paid(f"customer-{number}", number), NOON) for number in range(40)])
        await shop.time_reached(NOON + timedelta(hours=1))

    last = {}
    for record in await records_of(kafka.bootstrap, 40 + len(TOPICS) * PARTITIONS):
        last[record.topic, record.partition] = record
    facts = [
        from_record(record.key, record.value, record.headers, wanted={"rapport.time-reached.v1"})
        for record in last.values()
    ]
    assert len(facts) == len(TOPICS) * PARTITIONS
    assert all(event and event.data == TimeReached(at=NOON + timedelta(hours=1)) for event in facts)
    assert all(record.key is None for record in last.values())


async def test_nothing_of_a_batch_is_sent_when_one_fact_is_wrong(kafka: Broker) -> None:
    await create_topics(kafka.bootstrap)
    async with _publisher(kafka) as shop:
        with pytest.raises(Unsayable, match="amount_minor"):
            await shop.publish_all([(_paid("ada", 1), NOON), (_paid("ada", -1), NOON)])
        await shop.publish(_paid("ada", 7), said_at=NOON)

    (record,) = await records_of(kafka.bootstrap, 1)
    assert json.loads(record.value)["amount_minor"] == 7


async def test_a_missing_topic_is_named(kafka: Broker) -> None:
    with pytest.raises(TopicMissing, match=r"storefront\.shipments"):
        async with _publisher(kafka):
            pass


async def test_other_partitions_than_agreed_are_refused(kafka: Broker) -> None:
    await create_topics(kafka.bootstrap)

    with pytest.raises(WrongPartitions, match="agreed were 6"):
        async with Publisher(kafka.bootstrap, idempotent=kafka.idempotent_producer, partitions=6):
            pass


async def test_a_broker_that_is_away_is_named() -> None:
    address = f"127.0.0.1:{free_port()}"

    with pytest.raises(BrokerAway, match=address):
        async with Publisher(address):
            pass
