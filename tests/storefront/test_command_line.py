"""`python -m storefront` says what is in a file, or exactly what is wrong with it."""

import asyncio
import json
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from storefront.__main__ import main
from storefront.lines import UnreadableLines, events_of, line_of
from storefront.simulator import Shop
from tests.storefront.topics import create_topics, records_of

GOOD = {
    "type": "storefront.order-paid.v1",
    "time": "2026-03-02T12:00:00Z",
    "data": {"customer_id": "ada", "order_id": "R1", "occurred_at": "2026-03-02T12:00:00Z", "amount_minor": 1},
}


def _line(**changed: object) -> bytes:
    return json.dumps(GOOD | changed).encode()


def test_a_simulated_shop_can_be_written_and_read_again() -> None:
    said = list(Shop(7, weeks=1).events())
    events = events_of((line_of(each) for each in said), "/storefronts/test")

    assert [(event.data, event.time) for event in events] == [tuple(each) for each in said]


def test_an_id_in_the_file_is_the_event_s_id() -> None:
    events = events_of([_line(id="shop-1"), b"", _line()], "/storefronts/test")

    assert [event.id == "shop-1" for event in events] == [True, False]


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        (b"{", "line 2: .*truncated"),
        (b"\xff", "line 2: "),
        (_line(type="storefront.order-payed.v1"), "order-payed.*none of.*order-paid"),
        (_line(type="orders.order-completed.v1"), "none of"),
        (_line(time="2026-03-02T12:00:00"), "line 2: .*timezone.*time"),
        (_line(data={"customer_id": "ada"}), "line 2: .*order_id"),
        (_line(data=GOOD["data"] | {"amount_minor": -1}), "line 2: .*amount_minor"),  # type: ignore[operator]  # a dict
        (_line(id=""), r"line 2: .*\.id"),
    ],
)
def test_a_mistake_is_named_with_its_line(line: bytes, mistake: str) -> None:
    with pytest.raises(UnreadableLines, match=mistake):
        events_of([_line(), line, _line()], "/storefronts/test")


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(UnreadableLines) as refused:
        events_of([b"{", _line(), b"]"], "/storefronts/test")

    assert [mistake.partition(":")[0] for mistake in refused.value.mistakes] == ["line 1", "line 3"]


async def test_a_file_is_published(kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await create_topics(kafka.bootstrap)
    file = tmp_path / "facts.jsonl"
    file.write_bytes(_line() + b"\n" + _line(id="shop-1"))
    options = [] if kafka.idempotent_producer else ["--no-idempotence"]
    status = await asyncio.to_thread(main, ["publish", str(file), "--bootstrap", kafka.bootstrap, *options])

    assert (status, capsys.readouterr().out) == (0, "2 published\n")
    assert len(await records_of(kafka.bootstrap, 2)) == 2


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "nowhere.jsonl"]) == 1
    assert "nowhere.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["publish", "--help"], ["simulate", "--help"]])
def test_help_is_there(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert (ended.value.code, "python -m storefront" in capsys.readouterr().out) == (0, True)
