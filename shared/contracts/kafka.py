"""CloudEvents 1.0 on Kafka: an event to a record and back, and the reason when a record cannot be read.

Sent in binary mode; binary and structured are accepted (CloudEvents Kafka binding 1.0, sections 3.2 and 3.3).
Pure: no client, no clock. Bytes are never repaired: what cannot be read raises `Unreadable` and is parked whole.
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec

from contracts.catalogue import catalogue
from contracts.envelope import Event, EventType, TimeReached, entry_of
from contracts.moments import check_moments, parse_time
from contracts.unreadable import Reason, Unreadable, diagnose

Headers = Sequence[tuple[str, bytes]]

CONTENT_TYPE = "content-type"
JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
LARGEST_VALUE_BYTES = 1_048_576
LONGEST_ATTRIBUTE = 255

_ATTRIBUTES = (
    "specversion", "type", "source", "id", "time", "subject", "correlationid", "causationid", "traceparent",
)  # fmt: skip
_HEADERS = tuple(f"ce_{name}" for name in _ATTRIBUTES)
_CATALOGUE = catalogue()
encode = msgspec.json.Encoder(order="deterministic").encode
"""A fact's bytes. Names in a map are sorted: one kept as jsonb, which has an order of its own, is said again alike."""


class Record(NamedTuple):
    """What goes on Kafka for one event."""

    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


def to_record(event: Event[Any], *, topic: str | None = None) -> Record:
    """Binary mode. `topic` is needed only for time-reached, which belongs to no topic of its own."""
    entry = entry_of(type(event.data))
    headers = [(name, value.encode()) for name, value in attributes_of(event, entry.type)]
    return Record(topic or entry.topic, key_of(event.data), encode(event.data), headers)


def key_of(fact: Any) -> bytes | None:
    """The Kafka key: whom the fact is about; time-reached is about nobody."""
    return None if type(fact) is TimeReached else fact.customer_id.encode()


def attributes_of(event: Event[Any], name: str) -> list[tuple[str, str]]:
    """The headers of an event of type `name`, as text."""
    attributes = [
        ("ce_specversion", "1.0"),
        ("ce_type", name),
        ("ce_source", event.source),
        ("ce_id", event.id),
        ("ce_time", rfc3339(event.time)),
    ]
    if event.subject is not None:
        attributes.append(("ce_subject", event.subject))
    attributes.append(("ce_correlationid", event.correlation_id))
    if event.causation_id is not None:
        attributes.append(("ce_causationid", event.causation_id))
    if event.traceparent is not None:
        attributes.append(("ce_traceparent", event.traceparent))
    attributes.append((CONTENT_TYPE, JSON))
    return attributes


def rfc3339(moment: datetime) -> str:
    """The one way times are written: UTC, `Z`, microseconds only where there are any."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat()[: -len("+00:00")] + "Z"


def subject_of(fact: Any) -> str | None:
    """The CloudEvents subject of a fact: the thing it is about."""
    field = entry_of(type(fact)).subject
    return None if field is None else str(getattr(fact, field))


_Values = Mapping[str, str]
"""The envelope of one record, whichever mode it came in: by name as in a header, with ce_ before it."""


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
    values, data = _attributes(value, headers)
    entry = _entry(values, wanted)
    if entry is None or entry.type not in wanted:
        return None
    return _event(entry, values, data, key)


def _event(entry: EventType, values: _Values, data: bytes, key: bytes | None) -> Event[Any]:
    if len(max(values.values(), key=len)) > LONGEST_ATTRIBUTE or "\x00" in "".join(values.values()):
        _check(values, _HEADERS)
    identity = _required(values, "ce_id", Reason.missing_id)
    time = parse_time(_required(values, "ce_time"))
    if b"\\u0000" in data and _NUL.search(data):
        raise Unreadable(Reason.nul_character, "a text contains U+0000, which PostgreSQL cannot hold")
    try:
        if not data.isascii():
            data.decode()  # the decoder skips the bytes of unknown fields unseen
        fact = _decoder(entry.type).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(data, error) from error
    if entry.fact is not TimeReached:
        _check_key(key, fact.customer_id)
    check_moments(entry.type, fact, time)
    return Event(
        id=identity,
        source=_required(values, "ce_source"),
        time=time,
        data=fact,
        subject=values.get("ce_subject") or None,
        correlation_id=values.get("ce_correlationid") or identity,
        causation_id=values.get("ce_causationid") or None,
        traceparent=values.get("ce_traceparent") or None,
    )


_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON writes it; after an escaped backslash the same characters are harmless."""


def _attributes(value: bytes, headers: Headers) -> tuple[_Values, bytes]:
    text = _text(headers)
    content_type = text.get(CONTENT_TYPE, JSON)
    if content_type != JSON:
        content_type = content_type.partition(";")[0].strip().lower()
        if content_type == STRUCTURED:
            return _structured(value)
        if content_type.startswith("application/cloudevents") or not _is_json(content_type):
            raise Unreadable(Reason.unsupported_content_type, f"content type {content_type[:LONGEST_ATTRIBUTE]!r}")
    if not value:
        raise Unreadable(Reason.empty_value, "the value has no bytes")
    return text, value


def _text(headers: Headers) -> dict[str, str]:
    try:
        text = {name: content.decode() for name, content in headers}
    except (UnicodeDecodeError, AttributeError):  # a header may also be null
        return _text_of_ours(headers)
    return text if text.keys() <= _WRITTEN else {name.lower(): content for name, content in text.items()}


_WRITTEN = frozenset({*_HEADERS, CONTENT_TYPE})
"""Headers as nearly everybody writes them: names in lower case, and nothing else beside them."""


def _text_of_ours(headers: Headers) -> dict[str, str]:
    """Only what CloudEvents reads: headers of tracing tools and serializers travel along and may be any bytes."""
    ours = ((name.lower(), content) for name, content in headers)
    try:
        return {name: content.decode() for name, content in ours if name.startswith("ce_") or name == CONTENT_TYPE}
    except (UnicodeDecodeError, AttributeError) as error:
        raise Unreadable(Reason.bad_header, "a header of CloudEvents is not UTF-8") from error


def _is_json(content_type: str) -> bool:
    return content_type in (JSON, "text/json") or content_type.endswith("+json")


def _structured(value: bytes) -> tuple[_Values, bytes]:
    if not value:
        raise Unreadable(Reason.empty_value, "the value has no bytes")
    try:
        envelope = _envelopes.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(value, error) from error
    data = bytes(envelope.pop("data", b""))
    encoded = _decode_any(bytes(envelope.pop("data_base64", b"null")))
    if encoded is not None:
        if data:
            raise Unreadable(Reason.bad_attribute, "the event has both data and data_base64")
        data = _base64(encoded)
    if not data:
        raise Unreadable(Reason.empty_value, "the event has no data")
    values = {name: _decode_any(bytes(raw)) for name, raw in envelope.items()}
    return {f"ce_{name}": content for name, content in values.items() if isinstance(content, str)}, data


_envelopes = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode_any(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(raw, error) from error


def _base64(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded if isinstance(encoded, str) else "!", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(Reason.bad_base64, "data_base64 is not base64") from error


def _required(values: _Values, header: str, missing: Reason = Reason.missing_attribute) -> str:
    content = values.get(header)
    if not content:
        raise Unreadable(missing, f"the CloudEvents attribute {header[3:]} is missing")
    return content


def _check(values: _Values, headers: Collection[str]) -> None:
    """Of these only: what else travels along may be long."""
    for header in headers:
        content = values.get(header, "")
        if len(content) > LONGEST_ATTRIBUTE:
            too_long = f"the CloudEvents attribute {header[3:]} is longer than {LONGEST_ATTRIBUTE}"
            raise Unreadable(Reason.bad_attribute, too_long)
        if "\x00" in content:
            raise Unreadable(Reason.nul_character, f"the CloudEvents attribute {header[3:]} contains U+0000")


def _entry(values: _Values, wanted: Collection[str]) -> EventType | None:
    """The catalogue's entry; None for a version unknown here of something that nobody wants in any version.

    What a reader does not want it must not keep either: the contacts in a later version may be read by one only.
    """
    entry = _CATALOGUE.get(values.get("ce_type", ""))
    if entry is not None and values.get("ce_specversion") == "1.0":
        return entry
    _check(values, ("ce_specversion", "ce_type"))
    if _required(values, "ce_specversion") != "1.0":
        raise Unreadable(Reason.unsupported_spec_version, f"CloudEvents {values['ce_specversion']}; 1.0 is spoken here")
    name = _required(values, "ce_type")
    stem = _stem(name)
    if stem and any(_stem(known) == stem for known in _CATALOGUE):
        if not any(_stem(one) == stem for one in wanted):
            return None
        raise Unreadable(Reason.unknown_version, f"{name} is of a version that is not known here")
    raise Unreadable(Reason.unknown_type, f"{name} is not known here")


def _stem(name: str) -> str:
    """A type without its version."""
    return name.rpartition(".v")[0]


def _check_key(key: bytes | None, customer_id: str) -> None:
    if key is None:
        raise Unreadable(Reason.missing_key, "the record has no key; it must be the customer's id")
    if key != customer_id.encode():
        raise Unreadable(Reason.key_mismatch, "the record's key is not the customer's id in the data")


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_CATALOGUE[name].fact)
