"""Anybody with the public CloudEvents SDK can speak with us and understand us, in both modes."""

from collections.abc import Callable

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import (
    KafkaMessage,
    from_kafka_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent

from contracts import Event
from contracts.catalogue import catalogue
from contracts.golden import Example, examples
from contracts.kafka import Record, from_record, rfc3339, to_record

Mode = Callable[..., KafkaMessage]
SPOKEN = [example for example in examples() if example.record.key is not None]


@pytest.mark.parametrize("example", SPOKEN, ids=lambda example: example.name)
def test_the_sdk_reads_what_we_say(example: Example) -> None:
    record = example.record
    theirs = from_kafka_event(KafkaMessage(dict(record.headers), record.key, record.value))
    assert theirs.get_data() == example.data
    assert _envelope(theirs) == {name[3:]: text for name, text in example.headers.items() if name.startswith("ce_")}


@pytest.mark.parametrize("mode", [to_binary_event, to_structured_event])
@pytest.mark.parametrize("example", SPOKEN, ids=lambda example: example.name)
def test_we_read_what_the_sdk_says(example: Example, mode: Mode) -> None:
    message = mode(_said_by_them(example), key_mapper=lambda _: example.record.key)
    assert _read(message) == _ours(example.record)


@pytest.mark.parametrize("mode", [to_binary_event, to_structured_event])
def test_an_event_survives_the_sdk_as_a_gateway(mode: Mode) -> None:
    for example in SPOKEN:
        record = example.record
        theirs = from_kafka_event(KafkaMessage(dict(record.headers), record.key, record.value))
        event = _read(mode(theirs))
        assert event is not None
        assert to_record(event) == record


def test_we_read_structured_events_with_binary_data() -> None:
    for example in SPOKEN:
        event = _said_by_them(example)
        message = to_structured_event(CloudEvent(event.get_attributes(), example.record.value))
        assert b"data_base64" in message.value
        assert from_record(example.record.key, message.value, list(message.headers.items()), wanted=catalogue()) == (
            _ours(example.record)
        )


def _said_by_them(example: Example) -> CloudEvent:
    """The event as a publisher with the SDK would build it."""
    event = _ours(example.record)
    attributes = {name[3:]: text for name, text in example.headers.items() if name.startswith("ce_")}
    return CloudEvent({**attributes, "time": event.time, "datacontenttype": "application/json"}, example.data)


def _envelope(event: BaseCloudEvent) -> dict[str, str]:
    attributes = event.get_attributes()
    rest = {name: text for name, text in attributes.items() if name not in ("time", "datacontenttype", "partitionkey")}
    return {**rest, "time": rfc3339(attributes["time"])}


def _ours(record: Record) -> Event[object]:
    event = from_record(record.key, record.value, record.headers, wanted=catalogue())
    assert event is not None
    return event


def _read(message: KafkaMessage) -> Event[object] | None:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return from_record(key, message.value, list(message.headers.items()), wanted=catalogue())
