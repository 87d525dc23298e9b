"""What a polled record turns out to be: an event, something ignored, or something unreadable. Pure."""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from contracts import Event, TimeReached
from contracts.envelope import entry_of
from contracts.kafka import from_record
from contracts.unreadable import Unreadable

TIME_REACHED = entry_of(TimeReached).type


class RawRecord(Struct, frozen=True, gc=False):
    """A record as it lies in Kafka; nothing of it is ever changed."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Entry(Struct, frozen=True, gc=False):
    """A record that was read. Without event and without `unreadable` it is ignored: a type nobody here wants."""

    record: RawRecord
    event: Event[Any] | None = None
    unreadable: Unreadable | None = None
    marker: TimeReached | None = None
    """What the record says of simulated time, if it says that."""

    @classmethod
    def of(cls, record: RawRecord, event: Event[Any] | None) -> "Entry":
        """What a record with this event in it is."""
        if event is not None and type(event.data) is TimeReached:
            return cls(record, event, None, event.data)
        return cls(record, event)

    @property
    def content_hash(self) -> int:
        """64 bits over the value, to tell a repetition from an id that was used twice."""
        digest = blake2b(self.record.value or b"", digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)


def read(record: RawRecord, wanted: Collection[str]) -> Entry:
    """Read one record; `wanted` are the CloudEvents types that this service folds from its topic."""
    try:
        event = from_record(record.key, record.value, record.headers, wanted=wanted)
    except Unreadable as error:
        return Entry(record, unreadable=error)
    return Entry.of(record, event)
