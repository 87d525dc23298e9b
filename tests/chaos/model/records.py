"""Raw records as they lay in Kafka. Owns the form of the dump; knows nothing of events."""

import json
from binascii import a2b_base64
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Those that are read by anybody here; `loyalty` is only what came of them.
TOPICS = ("storefront.orders", "storefront.shipments", "storefront.customers", "orders", "feedback")


class Record(NamedTuple):
    """One record at its place. A header may be null, and so may key and value."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def place(self) -> dict[str, object]:
        """Where it lies, as columns."""
        return {"topic": self.topic, "partition": self.partition, "offset": self.offset}


def records(dump: Path) -> Iterator[Record]:
    """One topic's records, by partition, then offset."""
    with dump.open(encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            headers = tuple((name, _bytes(value)) for name, value in said["headers"])
            place = said["topic"], said["partition"], said["offset"]
            yield Record(*place, _bytes(said["key"]), _bytes(said["value"]), headers)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else a2b_base64(text)
