"""The way back for parked events: a customer's events in their original order, through the normal fold.

The parked row takes the inbox's place: its own inbox row was committed with the parking. Where the inbox knows the
event from another record, this one is a repetition. A dry run does everything and rolls back.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import text

from chassis import audits, customers, inbox, parked
from chassis.applying import apply_apart
from chassis.errors import Rejected
from chassis.items import Due
from chassis.reading import Entry, read
from chassis.runtime import Runtime
from chassis.sequence import LONG_AGO
from chassis.service import Tx
from contracts import Event

STAYS = "id_reused"
"""An id that stands for two different contents cannot be applied; it can only be looked at and discarded."""


FORGOTTEN = "forgotten"
"""Its bytes were in the service's safe, and the key to them is destroyed."""


class RedriveReport(BaseModel):
    """What a redrive did, or would do."""

    dry_run: bool
    customers: int = Field(default=0, description="Customers whose parked events were taken up")
    applied: int = 0
    refused: int = Field(default=0, description="Events that stay parked, and deadlines that failed again")
    reasons: dict[str, int] = Field(default_factory=dict, description="Why they were refused")


async def redrive(
    runtime: Runtime, *, customer_id: str | None, reason: str | None, dry_run: bool, limit: int, actor: str
) -> RedriveReport:
    """Take up one customer's parked events, or those of every customer with an event parked for `reason`."""
    if (customer_id is None) == (reason is None):
        raise Rejected("one_of", "Say either which customer or which reason.")
    async with runtime.transaction() as tx:
        chosen = [customer_id] if customer_id else await parked.waiting_customers(tx, reason or "", limit)
    report, reasons = RedriveReport(dry_run=dry_run), Counter[str]()
    for one in chosen:  # one transaction each: a customer that fails again holds up nobody
        applied, refused = await _redrive_customer(runtime, one, dry_run=dry_run, actor=actor)
        report.customers += 1
        report.applied += applied
        reasons += refused
    report.refused, report.reasons = reasons.total(), dict(reasons)
    runtime.outbox_filled.set()
    return report


async def _redrive_customer(
    runtime: Runtime, customer_id: str, *, dry_run: bool, actor: str
) -> tuple[int, Counter[str]]:
    async with runtime.engine.connect() as tx:
        result = await _take_up(tx, runtime, customer_id, actor)
        await (tx.rollback() if dry_run else tx.commit())
    return result


async def _take_up(tx: Tx, runtime: Runtime, customer_id: str, actor: str) -> tuple[int, Counter[str]]:
    await customers.lock(tx, [customer_id])
    waiting = await parked.waiting_of(tx, runtime.service, customer_id)
    wanted = runtime.service.wanted()
    entries = {row.parked_id: read(row.record, wanted.get(row.record.topic, ())) for row in waiting}
    refused = {row.parked_id: _unfit(row, entries[row.parked_id]) for row in waiting}
    fit = [row for row in waiting if refused[row.parked_id] is None and entries[row.parked_id].event]
    fit = await _first_time(tx, fit, entries, refused)
    await customers.unblock(tx, customer_id)
    events: list[Event[Any]] = [event for row in fit if (event := entries[row.parked_id].event)]
    before = await _settled_at(tx, runtime, customer_id)
    folded = await apply_apart(
        tx, runtime.service, events, [customer_id], before=before, partition_of=runtime.partition_of
    )
    await customers.block(tx, folded.blocks)
    again = {id(refusal.item): (refusal.reason, refusal.detail) for refusal in folded.refused}
    for row in fit:
        refused[row.parked_id] = again.get(id(entries[row.parked_id].event))
    kept = [(parked_id, *why) for parked_id, why in refused.items() if why]
    still = Counter(reason for _, reason, _ in kept)
    still.update(refusal.reason for refusal in folded.refused if isinstance(refusal.item, Due))
    await parked.keep(tx, kept)
    done = [parked_id for parked_id, why in refused.items() if why is None]
    await parked.close(tx, done, state="redriven", actor=actor)
    await audits.write(tx, customer_id)  # gone with the rest after a dry run
    return len(done), still


async def _first_time(
    tx: Tx, rows: list[parked.Waiting], entries: dict[int, Entry], refused: dict[int, tuple[str, str] | None]
) -> list[parked.Waiting]:
    """The rows whose event came by no other record; of the others, those with other content are refused."""
    named = {row.parked_id: (event.id, event.source) for row in rows if (event := entries[row.parked_id].event)}
    await inbox.take_in(tx, [entries[parked_id] for parked_id in named])
    known = await inbox.known(tx, list(set(named.values())))
    first = []
    for row in rows:
        found = known[named[row.parked_id]]
        if any(one.place == (row.record.topic, row.record.partition, row.record.offset) for one in found):
            first.append(row)
        elif all(one.content_hash != entries[row.parked_id].content_hash for one in found):
            refused[row.parked_id] = (STAYS, "this id was used before, with other content")
    return first


def _unfit(row: parked.Waiting, entry: Entry) -> tuple[str, str] | None:
    """Why a record cannot even be tried."""
    if row.record.value is None:
        return FORGOTTEN, "nobody can read it any more: the person was forgotten, or it lay here for too long"
    if entry.unreadable:
        return entry.unreadable.reason, entry.unreadable.detail
    if row.reason == STAYS:
        return row.reason, "this id was used before, with other content"
    return None


async def _settled_at(tx: Tx, runtime: Runtime, customer_id: str) -> datetime:
    partition = runtime.partition_of(customer_id)
    row = await tx.execute(
        text("select min(settled_at) from positions where partition = :partition"), {"partition": partition}
    )
    return row.scalar_one_or_none() or LONG_AGO
