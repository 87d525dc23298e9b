"""What the services made of a run, in the words that README.md agrees on with the model. Reads; judges nothing."""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.replay.databases import Databases
from tests.chaos.records import moment

Row = dict[str, Any]
SERVICE_OF = {"orders": "orders-listener", "loyalty": "loyalty"}
"""By the topic on which each says its facts."""
LINE_KINDS = frozenset({"item_unavailable", "item_substituted"})
_MOVED = ("order_id", "points", "available_points", "pending_points")
_ISSUE = ("order_id", "kind", "opened_at")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "orders.order-confirmed.v1": ("order_id", "occurred_at", "lines"),
    "orders.order-shipped.v1": ("order_id", "occurred_at"),
    "orders.order-completed.v1": ("order_id", "occurred_at"),
    "orders.order-delivered.v1": ("order_id", "occurred_at", "late"),
    "orders.order-cancelled.v1": ("order_id", "occurred_at", "by"),
    "orders.order-refunded.v1": ("order_id", "refund_id", "amount_minor", "lines"),
    "orders.issue-opened.v1": _ISSUE,
    "orders.issue-updated.v1": (*_ISSUE, "severity"),
    "orders.issue-resolved.v1": (*_ISSUE, "resolution", "resolved_at"),
    "orders.milestone-reached.v1": ("milestone", "number", "order_id", "occurred_at"),
    "orders.segment-changed.v1": ("segment", "previous", "occurred_at"),
    "loyalty.points-earned.v1": _MOVED,
    "loyalty.points-vested.v1": _MOVED,
    "loyalty.points-clawed-back.v1": (*_MOVED, "refund_id"),
    "loyalty.goodwill-granted.v1": ("order_id", "request_id", "points", "reason", "available_points"),
    "loyalty.goodwill-refused.v1": ("order_id", "request_id", "reason"),
    "loyalty.tier-reached.v1": ("tier", "previous"),
    "loyalty.tier-lost.v1": ("tier", "previous"),
}
LINE_FIELDS = {
    "orders.order-confirmed.v1": ("line_id", "paid_minor"),
    "orders.order-refunded.v1": ("line_id", "quantity", "amount_minor"),
}
TIMES = frozenset({"occurred_at", "opened_at", "resolved_at"})


def lines_of(path: Path) -> Iterator[Row]:
    """Rows of a file of JSON lines."""
    with path.open() as file:
        for line in file:
            yield json.loads(line)


async def applied(databases: Databases) -> list[Row]:
    """Every event that was taken in."""
    return [
        {"service": service.replace("_", "-"), "source": row.source, "event_id": row.event_id}
        for service in databases.services
        for row in await databases.rows(service, "select source, event_id from inbox")
    ]


async def parked(databases: Databases) -> list[Row]:
    """Every record that was parked."""
    query = 'select topic, partition, "offset", reason from parked_events'
    return [
        {"service": service.replace("_", "-"), **row._mapping}
        for service in databases.services
        for row in await databases.rows(service, query)
    ]


async def ledger(databases: Databases) -> list[Row]:
    """Every posting, per customer in the order of booking."""
    query = """
        select customer_id, number, reference, kind, source as "from", destination as "to", points, order_id, at
        from postings order by customer_id, number
    """
    return [{**row._mapping, "at": moment(row.at)} for row in await databases.rows("loyalty", query)]


async def issues(databases: Databases) -> list[Row]:
    """Every issue, and what opened it."""
    query = """
        select i.customer_id, i.kind, i.document, d.cause_kind, d.cause_id
        from issues i left join decisions d on d.subject = i.issue_id and d.outcome = 'opened'
    """
    return [_issue(row) for row in await databases.rows("orders_listener", query)]


def _issue(row: Any) -> Row:
    said = row.document
    return {
        "subject": _issue_subject(said), "customer_id": row.customer_id, "kind": row.kind,
        "opened_at": _time(said["opened_at"]), "opened_by": row.cause_id if row.cause_kind == "event" else None,
        "resolved_at": _time(said.get("resolved_at")), "resolution": said.get("resolution"),
    }  # fmt: skip


def _issue_subject(said: Mapping[str, Any]) -> str:
    kind = said["kind"]
    about = said["line_ids"][0] if kind in LINE_KINDS else said.get("shipment_id") if kind == "attempt_failed" else ""
    return f"{said['order_id']}|{kind}|{about}"


def _time(text: str | None) -> str | None:
    return None if text is None else moment(datetime.fromisoformat(text).astimezone(UTC))


def facts(raw: Path) -> list[Row]:
    """Every fact that was published, once however often it was, in the order in which it was said first."""
    known = _ids(raw / f"storefront.{name}.jsonl" for name in ("orders", "shipments", "customers"))
    found = []
    for topic, service in SERVICE_OF.items():
        seen = set()
        for line in lines_of(raw / f"{topic}.jsonl"):
            headers = _headers(line)
            if headers["ce_type"] != "rapport.time-reached.v1" and headers["ce_id"] not in seen:
                seen.add(headers["ce_id"])
                found.append(_fact(service, headers, json.loads(b64decode(line["value"])), known))
    return found


def _ids(paths: Iterable[Path]) -> set[str]:
    return {headers["ce_id"] for path in paths for line in lines_of(path) if "ce_id" in (headers := _headers(line))}


def _headers(line: Row) -> dict[str, str]:
    return {name: b64decode(content or "").decode(errors="replace") for name, content in line["headers"]}


def _fact(service: str, headers: Mapping[str, str], data: Mapping[str, Any], known: set[str]) -> Row:
    cause = headers.get("ce_causationid", "")
    kind = headers["ce_type"]
    return {
        "service": service, "type": kind, "subject": _subject(kind, headers, data), "customer_id": data["customer_id"],
        "cause_event_id": cause if service == "orders-listener" and cause in known else None,
        "time": _time(headers["ce_time"]), "data": _data(kind, data),
    }  # fmt: skip


def _subject(kind: str, headers: Mapping[str, str], data: Mapping[str, Any]) -> str:
    if kind.startswith("orders.issue-"):
        return _issue_subject({"line_ids": [""], **data})
    if kind.startswith("loyalty.goodwill-"):
        return str(data.get("request_id") or data.get("order_id"))
    return headers["ce_subject"]


def _data(kind: str, data: Mapping[str, Any]) -> Row:
    """The agreed part; what leaves nothing unsaid is false or null."""
    part = {name: data.get(name, False if name == "late" else None) for name in FIELDS.get(kind, ())}
    part |= {name: _time(part[name]) for name in TIMES & part.keys()}
    if kind in LINE_FIELDS:
        part["lines"] = [[line[name] for name in LINE_FIELDS[kind]] for line in part["lines"] or ()]
    return part


async def fates(databases: Databases) -> list[Row]:
    """Per service and place, how many records were consumed and how many there are before the stored position."""
    query = "select topic, partition, next_offset, consumed, applied, duplicate, parked, ignored from positions"
    return [
        {"service": service.replace("_", "-"), **row._mapping}
        for service in databases.services
        for row in await databases.rows(service, query)
    ]


async def blocked(databases: Databases) -> int:
    """Customers whose events wait."""
    counts = [
        await databases.rows(service, "select count(*) as number from customers where blocked_at is not null")
        for service in databases.services
    ]
    return sum(int(rows[0].number) for rows in counts)
