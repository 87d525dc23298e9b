"""CloudEvents in binary mode, as far as the scenario's readable records need it."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.chaos.model.records import Record


class OutsideScenario(Exception):
    """The contract names no such record, or not in this place: model and harness have to be talked about first."""


class Event(NamedTuple):
    """Something that was said. `at` is when (T), `value` the bytes that tell a repetition from a reused id."""

    source: str
    event_id: str
    type: str
    at: datetime
    customer_id: str
    data: dict[str, Any]
    value: bytes


def event(record: Record) -> Event | None:
    """What the record says; None for time-reached, which moves nothing but the clock."""
    try:
        attributes = {name.lower(): value.decode() for name, value in record.headers if value is not None}
        if attributes["ce_type"] == "rapport.time-reached.v1":
            return None
        data = json.loads(record.value or b"")
        at = moment(attributes["ce_time"])
        name = attributes["ce_source"], attributes["ce_id"], attributes["ce_type"]
        return Event(*name, at, data["customer_id"], data, record.value or b"")
    except (KeyError, TypeError, ValueError) as error:
        raise OutsideScenario(f"neither in the corpus nor readable: {record.place}: {error!r}") from error


def moment(text: str) -> datetime:
    """RFC 3339 with an offset, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def text(at: datetime) -> str:
    """UTC, always with six decimals."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
