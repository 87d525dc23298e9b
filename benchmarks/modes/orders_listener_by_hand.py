"""The orders-listener's consume path by hand: one loop, asyncpg, COPY where rows are only added.

The rules are the service's own: a pure fold over one order's history, which nobody would write twice. Everything around
them is written for these tables alone, without parking, isolation, watchdog, metrics, and without firing deadlines:
the benchmark's promises all end in a far future.
"""

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg
import msgspec
import uvloop

from benchmarks.modes import environment
from benchmarks.modes.loyalty_by_hand import (
    TRANSACTIONS_ABREAST,
    Connection,
    advance,
    begin,
    check_positions,
    fresh_events,
    lock_customers,
)
from benchmarks.modes.outgoing import COLUMNS, Cause, row
from benchmarks.modes.points import DECISIONS, moment
from chassis.arrays import array
from chassis.outcomes import SetDeadline
from contracts import Event, storefront
from contracts.envelope import entry_of
from contracts.kafka import subject_of
from orders_listener.accounts import Account, Patron
from orders_listener.customers import Relationship
from orders_listener.documents import from_document, to_document
from orders_listener.early_warning.journeys import Journey
from orders_listener.folding import fold
from orders_listener.issues import Issue
from orders_listener.policy import DEFAULT
from orders_listener.timelines import Timeline

TOPICS = ("storefront.customers", "storefront.orders", "storefront.shipments")
SOURCE = "/rapport/orders-listener"
DECODERS = {
    entry_of(fact).type: msgspec.json.Decoder(fact)
    for fact in (
        storefront.OrderPlaced, storefront.OrderPaid, storefront.PromiseChanged, storefront.LineUnavailable,
        storefront.LineAvailable, storefront.OrderRefunded, storefront.OrderCancelled,
    )
}  # fmt: skip


RELATIONSHIPS = msgspec.json.Decoder(Relationship)


def read(record: Any) -> Event[Any]:
    """The event in a record of Kafka."""
    headers = dict(record.headers)
    return Event(
        id=headers["ce_id"].decode(),
        source=headers["ce_source"].decode(),
        time=moment(headers["ce_time"].decode()),
        data=DECODERS[headers["ce_type"].decode()].decode(record.value),
        correlation_id=headers["ce_correlationid"].decode(),
        traceparent=headers["ce_traceparent"].decode(),
    )


class Written:
    """What a batch leaves."""

    def __init__(self) -> None:
        self.timelines: dict[str, Timeline] = {}
        self.issues: dict[str, Issue] = {}
        self.patrons: dict[str, Patron] = {}
        self.journeys: dict[str, Journey] = {}
        self.deadlines: dict[tuple[str, str, str], tuple[Any, ...] | None] = {}
        self.outbox: list[tuple[Any, ...]] = []
        self.decisions: list[tuple[Any, ...]] = []
        self.applied: Counter[int] = Counter()

    def take(self, event: Event[Any], partition: int, outcome: Any) -> None:
        """One event's outcome."""
        self.applied[partition] += 1
        for changed in outcome.rows:
            if type(changed) is Timeline:
                self.timelines[changed.order_id] = changed
            elif type(changed) is Issue:
                self.issues[changed.issue_id] = changed
            elif type(changed) is Patron:
                self.patrons[changed.customer_id] = changed
            elif type(changed) is Journey:
                self.journeys[changed.order_id] = changed
        for change in outcome.deadlines:
            key = (event.customer_id, change.kind, change.subject)
            self.deadlines[key] = None
            if isinstance(change, SetDeadline):
                cause = (event.id, event.correlation_id, event.traceparent)
                self.deadlines[key] = (*key, partition, change.due_at, *cause)
        _, trace_id, _, flags = (event.traceparent or "---").split("-")
        time = event.time.isoformat()[:-6] + "Z"
        source = Cause(event.id, event.source, time, event.correlation_id, trace_id, flags, partition)
        names: list[str] = []
        for fact in outcome.facts:
            self.outbox.append(row(SOURCE, source, fact, subject_of(fact) or "", names))
        for decision in outcome.decisions:
            self.decisions.append(
                (
                    event.customer_id, decision.subject, decision.rule, decision.version, decision.outcome,
                    decision.reason, event.time, "event", event.id, event.id, event.correlation_id,
                    msgspec.json.encode(decision.detail).decode(),
                )
            )  # fmt: skip


async def take(connection: Connection, records: Sequence[Any]) -> None:
    """One transaction: everything that follows from these records, which are in order for each partition."""
    events = [read(record) for record in records]
    async with connection.transaction():
        await check_positions(connection, records)
        fresh = await fresh_events(connection, records, events)
        partitions = {event.id: record.partition for event, record in zip(events, records, strict=True)}
        customer_ids = sorted({event.customer_id for event in fresh})
        await lock_customers(connection, customer_ids)
        patrons = await _patrons(connection, customer_ids)
        timelines = await _timelines(connection, sorted({event.data.order_id for event in fresh}))
        written = Written()
        for event in fresh:
            order_id = event.data.order_id
            known = {order_id: timelines[order_id]} if order_id in timelines else {}
            account, outcome = fold(DEFAULT, Account(patron=patrons[event.customer_id], timelines=known), event)
            if not outcome.duplicate:
                timelines[order_id] = account.timelines[order_id]
                patrons[event.customer_id] = account.patron
                written.take(event, partitions[event.id], outcome)
        await _save(connection, written)
        await advance(connection, records, written.applied)


async def _patrons(connection: Connection, customer_ids: list[str]) -> dict[str, Patron]:
    """Nobody writes or is erased here: what a customer's orders add up to is all there is."""
    rows = await connection.fetch(
        """select customer_id, relationship::text from patrons
           join unnest($1::text[]) as v (customer_id) using (customer_id)""",
        customer_ids,
    )
    known = {
        customer_id: Patron(customer_id=customer_id, relationship=RELATIONSHIPS.decode(document))
        for customer_id, document in rows
    }
    return {customer_id: Patron(customer_id=customer_id) for customer_id in customer_ids} | known


async def _timelines(connection: Connection, order_ids: list[str]) -> dict[str, Timeline]:
    rows = await connection.fetch(
        """select order_id, document::text from timelines join unnest($1::text[]) as v (order_id) using (order_id)""",
        order_ids,
    )
    return {order_id: from_document(document) for order_id, document in rows}


async def _save(connection: Connection, written: Written) -> None:
    rows = [written.timelines[order_id] for order_id in sorted(written.timelines)]
    await connection.execute(
        """insert into timelines (order_id, customer_id, status, began_at, placed_at, promised_until, delivered_at,
                                  traits, document)
           select order_id, customer_id, status, began_at, placed_at, promised_until, delivered_at, traits::text[],
                  document::jsonb
           from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                       $7::timestamptz[], $8::text[], $9::text[])
                as v (order_id, customer_id, status, began_at, placed_at, promised_until, delivered_at, traits,
                      document)
           on conflict (order_id) do update
           set status = excluded.status, began_at = excluded.began_at, placed_at = excluded.placed_at,
               promised_until = excluded.promised_until, delivered_at = excluded.delivered_at,
               traits = excluded.traits, document = excluded.document""",
        [r.order_id for r in rows], [r.customer_id for r in rows], [r.standing.status for r in rows],
        [r.began_at for r in rows], [r.standing.placed_at for r in rows], [r.standing.promised_until for r in rows],
        [r.standing.delivered_at for r in rows], [array(r.standing.traits) for r in rows],
        [to_document(r) for r in rows],
    )  # fmt: skip
    await _save_issues(connection, [written.issues[issue_id] for issue_id in sorted(written.issues)])
    await _save_journeys(connection, [written.journeys[order_id] for order_id in sorted(written.journeys)])
    await _save_patrons(connection, [written.patrons[customer_id] for customer_id in sorted(written.patrons)])
    await _save_deadlines(connection, written)
    await connection.copy_records_to_table("outbox", records=written.outbox, columns=COLUMNS)
    await connection.copy_records_to_table("decisions", records=written.decisions, columns=DECISIONS)


async def _save_issues(connection: Connection, issues: list[Issue]) -> None:
    if not issues:
        return
    await connection.execute(
        """insert into issues (issue_id, order_id, customer_id, kind, state, severity, opened_at, resolved_at, document)
           select issue_id, order_id, customer_id, kind, state, severity, opened_at, resolved_at, document::jsonb
           from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                       $8::timestamptz[], $9::text[])
                as v (issue_id, order_id, customer_id, kind, state, severity, opened_at, resolved_at, document)
           on conflict (issue_id) do update
           set state = excluded.state, severity = excluded.severity, resolved_at = excluded.resolved_at,
               document = excluded.document""",
        [i.issue_id for i in issues], [i.order_id for i in issues], [i.customer_id for i in issues],
        [i.kind for i in issues], ["open" if i.is_open else "resolved" for i in issues], [i.severity for i in issues],
        [i.opened_at for i in issues], [i.resolved_at for i in issues],
        [msgspec.json.encode(i).decode() for i in issues],
    )  # fmt: skip


async def _save_patrons(connection: Connection, patrons: list[Patron]) -> None:
    if not patrons:
        return
    await connection.execute(
        """insert into patrons (customer_id, relationship)
           select customer_id, relationship::jsonb
           from unnest($1::text[], $2::text[]) as v (customer_id, relationship)
           on conflict (customer_id) do update set relationship = excluded.relationship""",
        [p.customer_id for p in patrons], [msgspec.json.encode(p.relationship).decode() for p in patrons],
    )  # fmt: skip


async def _save_journeys(connection: Connection, journeys: list[Journey]) -> None:
    if not journeys:
        return
    await connection.execute(
        """insert into journeys (order_id, plan, country, region, known_on, ship_by_on, promised_on, moved_on,
                                 moved_known_on, ended_on, delivered)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::date[],
                                $8::date[], $9::date[], $10::date[], $11::boolean[])
           on conflict (order_id) do update
           set plan = excluded.plan, country = excluded.country, region = excluded.region,
               known_on = excluded.known_on, ship_by_on = excluded.ship_by_on, promised_on = excluded.promised_on,
               moved_on = excluded.moved_on, moved_known_on = excluded.moved_known_on, ended_on = excluded.ended_on,
               delivered = excluded.delivered""",
        [j.order_id for j in journeys], [j.plan for j in journeys], [j.country for j in journeys],
        [j.region for j in journeys], [j.known_on for j in journeys], [j.ship_by_on for j in journeys],
        [j.promised_on for j in journeys], [j.moved_on for j in journeys], [j.moved_known_on for j in journeys],
        [j.ended_on or date.max for j in journeys], [j.delivered for j in journeys],
    )  # fmt: skip


async def _save_deadlines(connection: Connection, written: Written) -> None:
    cleared = [key for key, setting in written.deadlines.items() if setting is None]
    if cleared:
        await connection.execute(
            """delete from deadlines d
               using unnest($1::text[], $2::text[], $3::text[]) as v (customer_id, kind, subject)
               where (d.customer_id, d.kind, d.subject) = (v.customer_id, v.kind, v.subject)""",
            *(list(column) for column in zip(*cleared, strict=True)),
        )
    there = [setting for setting in written.deadlines.values() if setting is not None]
    if there:
        await connection.execute(
            """insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id,
                                      traceparent)
               select * from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::text[],
                                    $7::text[], $8::text[])
               on conflict (customer_id, kind, subject) do update
               set due_at = excluded.due_at, set_by = excluded.set_by, correlation_id = excluded.correlation_id,
                   traceparent = excluded.traceparent""",
            *(list(column) for column in zip(*there, strict=True)),
        )


async def main(abreast: int) -> None:
    """Poll, and take the partitions, `abreast` transactions at a time; one takes all that was polled."""
    pool = await asyncpg.create_pool(environment.database_url(), min_size=abreast, max_size=abreast)
    consumer = environment.consumer()
    await consumer.start()
    consumer.subscribe(TOPICS)
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=50, max_records=1)
    async with pool.acquire() as connection:
        for place, offset in (await begin(connection, consumer.assignment())).items():
            consumer.seek(place, offset)

    async def take_all(records: list[Any]) -> None:
        for start in range(0, len(records), environment.BATCH_RECORDS):
            async with pool.acquire() as connection:
                await take(connection, records[start : start + environment.BATCH_RECORDS])

    while True:
        most = environment.BATCH_RECORDS if abreast == 1 else None
        polled = await consumer.getmany(timeout_ms=100, max_records=most)
        groups = list(polled.values()) if abreast > 1 else [[record for group in polled.values() for record in group]]
        await asyncio.gather(*(take_all(group) for group in groups))


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvloop.run(main(TRANSACTIONS_ABREAST if sys.argv[1:] == ["abreast"] else 1))
