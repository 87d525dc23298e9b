"""The embedded broker is there at once, in order, and gone at once."""

from pathlib import Path

from deploy.local.ports import is_free
from deploy.local.tansu import Tansu
from tests.deploy.exchange import sent_and_received


async def test_what_is_sent_arrives_in_order(tmp_path: Path) -> None:
    with Tansu(tmp_path) as broker:
        sent, received = await sent_and_received(broker)

    assert received == sent


async def test_a_killed_broker_comes_back_at_the_same_address(tmp_path: Path) -> None:
    with Tansu(tmp_path) as broker:
        before = broker.bootstrap
        broker.kill()
        broker.start()
        sent, received = await sent_and_received(broker)

        assert (broker.bootstrap, received) == (before, sent)


def test_a_stopped_broker_frees_its_port(tmp_path: Path) -> None:
    with Tansu(tmp_path) as broker:
        port = int(broker.bootstrap.partition(":")[2])

    assert is_free(port)
