"""A backup was put back: what Kafka knows was told is not told again, whatever the database has forgotten."""

from datetime import timedelta

from chassis.past import said_since
from contracts import Event
from contracts.notifications import MessageSent
from contracts.vocabulary import Channel, Purpose
from deploy.local.broker import Broker
from notifier import store
from notifier.app import application
from notifier.recollection import look_back
from tests.conftest import RuntimeOf
from tests.running import at, publish


def _sent(message_id: str, hour: float) -> Event[MessageSent]:
    fact = MessageSent(
        customer_id="ada",
        message_id=message_id,
        kind="order_confirmed",
        purpose=Purpose.service,
        channel=Channel.email,
        occurred_at=at(hour),
    )
    return Event(id=f"e-{message_id}", source="/rapport/notifier", time=at(hour), data=fact, correlation_id="c")


async def test_what_was_told_in_a_forgotten_past_is_remembered(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await runtime_of(application, PARTITIONS="3", KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap)
    await publish(kafka.bootstrap, _sent("m1", 10), _sent("m2", 11))

    assert [await look_back(runtime), await look_back(runtime)] == [2, 2]
    async with runtime.transaction() as tx:
        assert await store.told_before(tx, ["m2", "m3"]) == {"m2": at(11)}


async def test_nothing_was_said_on_an_empty_topic_nor_after_now(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await runtime_of(application, PARTITIONS="3", KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap)

    assert await said_since(runtime, MessageSent, at(0)) == []
    await publish(kafka.bootstrap, _sent("m1", 10))
    assert len(await said_since(runtime, MessageSent, at(0))) == 1
    assert await said_since(runtime, MessageSent, at(0) + timedelta(days=100_000)) == []
