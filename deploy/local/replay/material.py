"""The raw material of a replay as CSV files, from which a stranger can recompute every figure. Pseudonyms only."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy.local.replay.canonical import tables_of
from deploy.local.replay.databases import Databases

QUERIES: Mapping[str, tuple[str, str]] = {
    "orders": ("orders_listener", """
        select placed_at, order_id, customer_id, status, promised_until, delivered_at from timelines
        where placed_at is not null order by placed_at, order_id"""),
    "issues": ("orders_listener", """
        select i.opened_at, i.issue_id, i.order_id, i.customer_id, i.kind, i.severity, i.state, i.resolved_at,
               i.document->>'promised_by' as promised_by, i.document->>'told_by' as told_by,
               i.document->>'resolution' as resolution, d.reason, d.cause_kind, d.cause_id
        from issues i left join lateral (
            select * from decisions d
            where d.customer_id = i.customer_id and d.subject = i.issue_id and d.outcome = 'opened'
            order by decision_id limit 1) d on true
        order by i.opened_at, i.issue_id"""),
    "forecasts": ("orders_listener", """
        select at, order_id, ends_at, stage, raw_milli, late_milli, bar_milli, snapshot from forecasts
        order by at, order_id, ends_at"""),
    "ledger": ("loyalty", """
        select at, customer_id, number, kind, source, destination, points, order_id, reference as reason, cause_id
        from postings order by at, customer_id, number"""),
    "messages": ("notifier", """
        select m.intended_at, m.ready_at, m.message_id, m.customer_id, m.kind, m.subject, m.state, m.channel,
               case when m.reason = 'expired' then 'expired' when m.state in ('intended', 'ready', 'sending', 'joined')
                    then 'under_way' else m.state end as outcome,
               coalesce(m.reason, d.reason) as reason, m.order_id, m.issue_id, m.invitation_id, m.told_by,
               m.ready_at as decided_at, m.sent_at, m.held_until, m.expires_at, m.inside,
               m.content->>'issue_kind' as issue_kind, m.content->>'promised_by' as promised_by,
               m.attempts, d.cause_kind, d.cause_id
        from messages m left join lateral (
            select * from decisions d
            where d.customer_id = m.customer_id and d.subject = m.message_id and d.rule = 'sending'
            order by decision_id desc limit 1) d on true
        order by m.intended_at, m.message_id"""),
    "asked": ("feedback", """
        select n.planned_at, n.decided_at, n.asked_at, n.sent_at, n.invitation_id, n.customer_id, n.order_id,
               n.state, coalesce(n.reason, d.reason) as reason, n.cohort, d.cause_kind, d.cause_id
        from invitations n left join lateral (
            select * from decisions d
            where d.customer_id = n.customer_id and d.subject = n.order_id and d.rule = 'survey'
            order by decision_id desc limit 1) d on true
        order by n.planned_at, n.invitation_id"""),
}  # fmt: skip
"""File → service and what stands in it, by time. Cause and reason are those of the decision that settled it."""

DECISIONS = """
    select d.at, '{service}' as service, d.customer_id, d.subject, d.rule, d.version, d.outcome, d.reason,
           d.cause_kind, d.cause_id, d.root_id, coalesce(
               (select i.topic || '/' || i.partition || '/' || i."offset" from inbox i
                where i.event_id = d.root_id limit 1),
               (select 'command ' || c.kind from commands c where c.command_id = d.root_id)) as root,
           d.correlation_id
    from decisions d order by d.at, d.decision_id"""
"""`root` is where the cause was found: a record that was read, or a command; empty where there is neither."""
POSITIONS = """
    select '{service}' as service, topic, partition, consumed, applied, duplicate, parked, ignored
    from positions order by topic, partition"""


async def write(databases: Databases, folder: Path, run: Mapping[str, Any], zones: Mapping[str, str]) -> None:
    """Write the files into `folder`; `run` are the numbers that only the one who played knows.

    `zones` says where customers live, as the storefront said it: an outsider judges by it.
    """
    for name, (service, query) in QUERIES.items():
        found = await databases.rows(service, query)
        more = {"zone": [zones.get(row.customer_id, "") for row in found]} if name == "messages" else {}
        _write(folder / f"{name}.csv", found, more)
    for name, each in (("decisions", DECISIONS), ("records", POSITIONS)):
        found = [row for service in databases.services for row in await databases.rows(service, _of(each, service))]
        _write(folder / f"{name}.csv", found)
    _write_plain(folder / "tables.csv", ("service", "table", "rows"), await _sizes(databases))
    write_run(folder, run)


def write_run(folder: Path, run: Mapping[str, Any]) -> None:
    """The numbers of the one who played: seconds by stage, how much was said, the independent sum of points."""
    _write_plain(folder / "run.csv", ("name", "value"), sorted(run.items()))


def _of(query: str, service: str) -> str:
    return query.replace("{service}", service.replace("_", "-"))


async def _sizes(databases: Databases) -> list[tuple[str, str, int]]:
    sizes = []
    for service in databases.services:
        for table in await tables_of(databases, service):
            [row] = await databases.rows(service, f'select count(*) as number from "{table}"')  # noqa: S608 ours
            sizes.append((service.replace("_", "-"), table, row.number))
    return sizes


def _write(file: Path, rows: Sequence[Any], more: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
    columns = (*rows[0]._fields, *more) if rows else ()
    added = zip(*more.values(), strict=True) if more else repeat(())
    _write_plain(file, columns, ([*map(_cell, row), *beside] for row, beside in zip(rows, added, strict=False)))


def _write_plain(file: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _cell(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
