"""The storefront's topics on a test's broker, made as the services would, and read back from the beginning."""

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from storefront.saying import TOPICS

PARTITIONS = 4


async def create_topics(bootstrap: str, partitions: int = PARTITIONS) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, replication_factor=1) for topic in TOPICS])
    finally:
        await admin.close()


async def records_of(bootstrap: str, count: int) -> list[ConsumerRecord]:
    """The first `count` records of all three topics; waits for them."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=50)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
