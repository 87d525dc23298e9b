"""CloudEvents 1.0 on Kafka: an event to a record and back, and the reason when a record cannot be read.

Sent in binary mode; binary and structured are accepted (CloudEvents Kafka binding 1.0, sections 3.2 and 3.3).
Pure: no client, no clock. Bytes are never repaired: what cannot be read raises `Unreadable` and is parked whole.
"""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec

from contracts.envelope import Event, EventType, TimeReached, catalogue, entry_of
from contracts.unreadable import Reason, Unreadable, diagnose

Headers = Sequence[tuple[str, bytes]]

CONTENT_TYPE = "content-type"
JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
LARGEST_VALUE_BYTES = 1_048_576
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside are mistakes of a publisher (a zero, milliseconds for seconds), never orders."""

_encode = msgspec.json.Encoder().encode


class Record(NamedTuple):
    """What goes on Kafka for one event."""

    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


def to_record(event: Event[Any], *, topic: str | None = None) -> Record:
    """Binary mode. `topic` is needed only for time-reached, which belongs to no topic of its own."""
    entry = entry_of(type(event.data))
    attributes = {
        "ce_specversion": "1.0",
        "ce_type": entry.type,
        "ce_source": event.source,
        "ce_id": event.id,
        "ce_time": rfc3339(event.time),
        "ce_subject": event.subject,
        "ce_correlationid": event.correlation_id,
        "ce_causationid": event.causation_id,
        "ce_traceparent": event.traceparent,
        CONTENT_TYPE: JSON,
    }
    headers = [(name, value.encode()) for name, value in attributes.items() if value is not None]
    key = None if entry.fact is TimeReached else event.data.customer_id.encode()
    return Record(topic or entry.topic, key, _encode(event.data), headers)


def rfc3339(moment: datetime) -> str:
    """The one way times are written: UTC, `Z`, microseconds only where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def subject_of(fact: Any) -> str | None:
    """The CloudEvents subject of a fact: the thing it is about."""
    field = entry_of(type(fact)).subject
    return None if field is None else str(getattr(fact, field))


class _Attributes(NamedTuple):
    """The envelope of one record, whichever mode it came in, and its data still as bytes."""

    values: Mapping[str, str]
    data: bytes


def from_record(
    key: bytes | None, value: bytes | None, headers: Headers, *, wanted: Collection[str]
) -> Event[Any] | None:
    """The event in a record, or None when its type is known but not wanted (it is then not even parsed).

    Raises `Unreadable` with one reason of `contracts.unreadable.Reason`.
    """
    if value is None:
        raise Unreadable(Reason.missing_value, "the record has no value (a tombstone)")
    if len(value) > LARGEST_VALUE_BYTES:
        raise Unreadable(Reason.value_too_large, f"{len(value)} bytes, at most {LARGEST_VALUE_BYTES}")
    attributes = _attributes(value, headers)
    entry = _entry(attributes.values)
    if entry.type not in wanted:
        return None
    return _event(entry, attributes, key)


def _event(entry: EventType, attributes: _Attributes, key: bytes | None) -> Event[Any]:
    values, data = attributes
    time = _time(values)
    if b"\\u0000" in data:
        _refuse_nul(data)
    try:
        fact = _decoder(entry.type).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(data, error) from error
    if entry.fact is not TimeReached:
        _check_key(key, fact.customer_id)
    _check_occurred_at(fact, time)
    identity = _required(values, "id")
    return Event(
        id=identity,
        source=_required(values, "source"),
        time=time,
        data=fact,
        subject=values.get("subject"),
        correlation_id=values.get("correlationid") or identity,
        causation_id=values.get("causationid"),
        traceparent=values.get("traceparent"),
    )


def _attributes(value: bytes, headers: Headers) -> _Attributes:
    try:
        text = {name.lower(): content.decode() for name, content in headers}
    except (UnicodeDecodeError, AttributeError) as error:  # a header may also be null
        raise Unreadable(Reason.bad_header, "a header is not UTF-8") from error
    content_type = text.get(CONTENT_TYPE, JSON).partition(";")[0].strip().lower()
    if content_type == STRUCTURED:
        return _structured(value)
    if content_type.startswith("application/cloudevents") or not _is_json(content_type):
        raise Unreadable(Reason.unsupported_content_type, content_type)
    if not value:
        raise Unreadable(Reason.empty_value, "the value has no bytes")
    binary = {name[3:]: content for name, content in text.items() if name.startswith("ce_")}
    return _Attributes(binary, value)


def _is_json(content_type: str) -> bool:
    return content_type in (JSON, "text/json") or content_type.endswith("+json")


def _structured(value: bytes) -> _Attributes:
    if not value:
        raise Unreadable(Reason.empty_value, "the value has no bytes")
    try:
        envelope = _envelopes.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(value, error) from error
    data: bytes = bytes(envelope.pop("data", b""))
    encoded = envelope.pop("data_base64", None)
    values: dict[str, str] = {}
    for name, raw in envelope.items():
        content = _decode_any(bytes(raw))
        if isinstance(content, str):
            values[name] = content
    if encoded is not None:
        data = _base64(bytes(encoded))
    if not data:
        raise Unreadable(Reason.empty_value, "the event has no data")
    return _Attributes(values, data)


_envelopes = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode_any(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(raw, error) from error


def _base64(raw: bytes) -> bytes:
    content = _decode_any(raw)
    try:
        return base64.b64decode(content if isinstance(content, str) else "!", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(Reason.bad_base64, "data_base64 is not base64") from error


def _required(values: Mapping[str, str], name: str) -> str:
    content = values.get(name)
    if content is None or content == "":
        raise Unreadable(Reason.missing_attribute, f"the CloudEvents attribute {name} is missing")
    if len(content) > 255:
        raise Unreadable(Reason.bad_attribute, f"the CloudEvents attribute {name} is longer than 255 characters")
    if "\x00" in content:
        raise Unreadable(Reason.nul_character, f"the CloudEvents attribute {name} contains U+0000")
    return content


def _entry(values: Mapping[str, str]) -> EventType:
    if _required(values, "specversion") != "1.0":
        raise Unreadable(Reason.unsupported_spec_version, f"CloudEvents {values['specversion']}; 1.0 is spoken here")
    name = _required(values, "type")
    entry = catalogue().get(name)
    if entry is not None:
        return entry
    stem = name.rpartition(".v")[0]
    if stem and any(known.rpartition(".v")[0] == stem for known in catalogue()):
        raise Unreadable(Reason.unknown_version, f"{name} is of a version that is not known here")
    raise Unreadable(Reason.unknown_type, f"{name} is not known here")


def _time(values: Mapping[str, str]) -> datetime:
    text = _required(values, "time")
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise Unreadable(Reason.bad_time, f"time {text!r} is not RFC 3339") from error
    return _in_range("time", moment)


def _in_range(name: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Unreadable(Reason.naive_time, f"{name} has no offset")
    if not EARLIEST <= moment < LATEST:
        raise Unreadable(Reason.time_out_of_range, f"{name} is {moment.isoformat()}")
    return moment.astimezone(UTC)


AHEAD = timedelta(days=1)


def _check_occurred_at(fact: Any, said_at: datetime) -> None:
    occurred_at = getattr(fact, "occurred_at", None)
    if occurred_at is not None and _in_range("occurred_at", occurred_at) > said_at + AHEAD:
        raise Unreadable(Reason.occurred_after_said, f"occurred at {occurred_at}, said at {said_at}")


def _check_key(key: bytes | None, customer_id: str) -> None:
    if key is None:
        raise Unreadable(Reason.missing_key, "the record has no key; it must be the customer's id")
    if key != customer_id.encode():
        raise Unreadable(Reason.key_mismatch, "the record's key is not the customer's id in the data")


def _refuse_nul(data: bytes) -> None:
    """PostgreSQL text cannot hold U+0000; an escaped backslash before `u0000` is harmless."""
    if "\x00" in _all_text(_decode_any(data)):
        raise Unreadable(Reason.nul_character, "a text contains U+0000")


def _all_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return "".join(_all_text(part) for pair in content.items() for part in pair)
    if isinstance(content, list):
        return "".join(_all_text(part) for part in content)
    return ""


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(catalogue()[name].fact)
