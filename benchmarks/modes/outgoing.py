"""A fact as a row of the outbox, by hand: the same ids, headers and bytes as the service says them."""

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from contracts.envelope import entry_of
from contracts.ids import derived_id

COLUMNS = ("topic", "partition", "key", "value", "headers")
_json = msgspec.json.Encoder(order="deterministic").encode


class Cause(NamedTuple):
    """The event that a fact follows from."""

    id: str
    source: str
    time: str
    """RFC 3339 in UTC."""
    correlation_id: str
    trace_id: str
    flags: str
    partition: int


def row(source: str, cause: Cause, fact: Any, subject: str, names_before: list[str]) -> tuple[Any, ...]:
    """`names_before` are the type and subject of what was said because of the same event; this one's is added."""
    entry = entry_of(type(fact))
    name = f"{entry.type}|{subject}"
    identity = derived_id(source, cause.source, cause.id, name, str(names_before.count(name)))
    names_before.append(name)
    span_id = blake2b(identity.encode(), digest_size=8).hexdigest()
    headers = (
        ("ce_specversion", "1.0"), ("ce_type", entry.type), ("ce_source", source), ("ce_id", identity),
        ("ce_time", cause.time), ("ce_subject", subject), ("ce_correlationid", cause.correlation_id),
        ("ce_causationid", cause.id), ("ce_traceparent", f"00-{cause.trace_id}-{span_id}-{cause.flags}"),
        ("content-type", "application/json"),
    )  # fmt: skip
    return entry.topic, cause.partition, fact.customer_id.encode(), _json(fact), _json(headers).decode()
