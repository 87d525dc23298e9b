"""Sends a few messages through a broker and reads them back, as the services do."""

import uuid

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.broker import Broker

COUNT = 20


async def sent_and_received(broker: Broker) -> tuple[list[bytes], list[bytes]]:
    """Values as sent to and as received from one partition of a new topic."""
    topic = f"exchange-{uuid.uuid4()}"
    await _create(broker, topic)
    values = [str(number).encode() for number in range(COUNT)]
    await _send(broker, topic, values)
    return values, await _received(broker, topic)


async def _create(broker: Broker, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def _send(broker: Broker, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, enable_idempotence=broker.idempotent_producer, acks="all"
    )
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"ada", partition=0)
    finally:
        await producer.stop()


async def _received(broker: Broker, topic: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, fetch_max_wait_ms=100)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(COUNT)]
    finally:
        await consumer.stop()
