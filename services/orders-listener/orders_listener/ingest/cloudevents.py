"""CloudEvents 1.0 over HTTP: storefront events as they are, in binary, structured or batched mode. Pure.

Source of the form: CloudEvents HTTP protocol binding 1.0.2. Only what a storefront may say is taken; other types are
somebody else's news and left alone.
"""

import base64
import binascii
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from contracts.catalogue import catalogue
from contracts.kafka import CONTENT_TYPE, JSON, STRUCTURED, Headers, Record, from_record, rfc3339, to_record
from contracts.storefront import CUSTOMERS, ORDERS, SHIPMENTS
from contracts.unreadable import Reason, Unreadable
from orders_listener.ingest.signatures import Delivery

NAME = "cloudevents"
BATCH = "application/cloudevents-batch+json"
STOREFRONT = frozenset(entry.type for entry in catalogue().values() if entry.topic in (ORDERS, SHIPMENTS, CUSTOMERS))

_UNREADABLE = frozenset(
    {
        Reason.missing_value, Reason.empty_value, Reason.not_utf8, Reason.utf16, Reason.byte_order_mark,
        Reason.registry_frame, Reason.malformed_json, Reason.truncated_json, Reason.not_an_object, Reason.too_deep,
        Reason.not_a_number, Reason.lone_surrogate, Reason.bad_base64, Reason.bad_header, Reason.missing_attribute,
        Reason.missing_id, Reason.bad_attribute, Reason.unsupported_content_type, Reason.unsupported_spec_version,
        Reason.bad_time, Reason.naive_time,
    }
)  # fmt: skip
"""What is wrong with the message; the other reasons are about the fact in it."""


class Said(NamedTuple):
    """What a message says."""

    records: list[Record]
    ignored: int
    """Events of types that are nobody's here."""


class Refused(Exception):
    """The message, or an event in it, cannot be taken. `code` is a reason of `contracts.unreadable`, or says so."""

    def __init__(self, code: str, detail: str, *, readable: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.readable = readable
        """Whether it is a fact that is wrong, and not the message."""


def said(delivery: Delivery) -> Said:
    """Every event of the message: all of them, or `Refused`."""
    found = [_record(value, headers) for value, headers in _messages(delivery)]
    records = [record for record in found if record is not None]
    return Said(records, len(found) - len(records))


def _messages(delivery: Delivery) -> list[tuple[bytes, Headers]]:
    """As they would come over Kafka, each with its time: it is optional here and was said just now."""
    content_type = delivery.headers.get(CONTENT_TYPE, JSON).partition(";")[0].strip().lower()
    if content_type == BATCH:
        return [_structured(bytes(each), delivery.received_at) for each in _listed(delivery.body)]
    if content_type == STRUCTURED:
        return [_structured(delivery.body, delivery.received_at)]
    return [(delivery.body, _binary(delivery))]


def _listed(body: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("malformed_json", "The batch is no JSON array.", readable=False) from error


def _structured(value: bytes, received_at: datetime) -> tuple[bytes, Headers]:
    headers = [(CONTENT_TYPE, STRUCTURED.encode())]
    try:
        envelope = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return value, headers  # refused with its reason when it is read
    if "time" in envelope:
        return value, headers
    return msgspec.json.encode({**envelope, "time": rfc3339(received_at)}), headers


def _binary(delivery: Delivery) -> Headers:
    """Attributes stand in headers, percent-encoded where they are not plain ASCII (section 3.1.3.2)."""
    given = delivery.headers
    attributes = {f"ce_{name[3:]}": unquote(text) for name, text in given.items() if name.startswith("ce-")}
    times = {"ce_time": rfc3339(delivery.received_at)} if attributes else {}
    typed = {CONTENT_TYPE: given.get(CONTENT_TYPE, JSON)}
    return [(name, content.encode()) for name, content in {**times, **attributes, **typed}.items()]


def _record(value: bytes, headers: Headers) -> Record | None:
    try:
        event = from_record(_key(value, headers), value, headers, wanted=STOREFRONT)
    except Unreadable as error:
        if error.reason is Reason.unknown_type:
            return None
        raise Refused(error.reason, error.detail, readable=error.reason not in _UNREADABLE) from error
    if event is None:
        raise Refused("not_a_storefront_fact", "Only a service says this.", readable=True)
    return to_record(event)


def _key(value: bytes, headers: Headers) -> bytes:
    """Whom it is about, as far as that can be read: HTTP has no keys."""
    try:
        if (CONTENT_TYPE, STRUCTURED.encode()) in headers:
            return msgspec.json.decode(value, type=_Envelope).whom.encode()
        return msgspec.json.decode(value, type=_About).customer_id.encode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error, ValueError):
        return b""  # read again by whoever says what is wrong with it


class _About(msgspec.Struct):
    customer_id: str


class _Envelope(msgspec.Struct):
    data: _About | None = None
    data_base64: str | None = None

    @property
    def whom(self) -> str:
        if self.data_base64 is None:
            return self.data.customer_id if self.data else ""
        return msgspec.json.decode(base64.b64decode(self.data_base64), type=_About).customer_id
