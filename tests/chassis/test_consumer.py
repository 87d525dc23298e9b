"""What the consumer asks of a broker: no more at once than a worker can hold."""

import asyncio
from uuid import uuid4

import pytest

from chassis.consumer import FETCH_BYTES, Consumer
from chassis.reading import RawRecord
from contracts.storefront import ORDERS, SHIPMENTS
from deploy.local.broker import Broker
from tests.brokers import session_timeout_ms
from tests.running import publish, until

VALUE = bytes(100_000)
"""A batch of its own for the producer."""
RECORDS = 150
"""Fifteen megabytes over six places."""


async def test_an_answer_brings_a_few_batches_however_much_lies_there(kafka: Broker) -> None:
    said = [(topic, f"k{number}", VALUE, []) for number in range(RECORDS // 2) for topic in (ORDERS, SHIPMENTS)]
    await publish(kafka.bootstrap, *said)
    consumer = Consumer(kafka.bootstrap, f"group-{uuid4()}", [ORDERS, SHIPMENTS], session_timeout_ms(kafka))
    answers: list[list[RawRecord]] = []

    async def all_came() -> bool:
        answers.append(await consumer.poll(100))
        return sum(map(len, answers)) == RECORDS

    await consumer.start()
    try:
        await until(all_came)
    finally:
        await consumer.stop()
    assert max(sum(len(record.value or b"") for record in answer) for answer in answers) <= FETCH_BYTES + len(VALUE)


@pytest.mark.parametrize("fault", [asyncio.CancelledError(), ConnectionRefusedError(), None])
async def test_a_client_that_does_not_end_takes_nobody_with_it(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch, fault: BaseException | None
) -> None:
    """aiokafka's `stop` raises the cancellation of its own fetches while a broker is away, or does not come back."""
    monkeypatch.setattr("chassis.consumer.STOP_TIMEOUT_S", 2.0)
    consumer = Consumer(kafka.bootstrap, f"group-{uuid4()}", [ORDERS], session_timeout_ms(kafka))
    await consumer.start()
    really_stop = consumer._kafka.stop

    async def stop() -> None:
        await really_stop()
        if fault is None:
            await asyncio.Event().wait()
        else:
            raise fault

    monkeypatch.setattr(consumer._kafka, "stop", stop)
    await asyncio.wait_for(consumer.stop(), 30)
