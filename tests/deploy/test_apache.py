"""Apache Kafka itself, with the idempotent producer that the embedded broker lacks. Runs with KAFKA=apache."""

from pathlib import Path

import pytest

from deploy.local.apache import ApacheKafka
from tests.deploy.exchange import sent_and_received

pytestmark = pytest.mark.apache


async def test_what_is_sent_arrives_in_order_also_after_a_kill(tmp_path: Path) -> None:
    with ApacheKafka(tmp_path) as broker:
        sent, received = await sent_and_received(broker)
        broker.kill()
        broker.start()
        again = await sent_and_received(broker)

    assert received == sent
    assert again == (sent, sent)
