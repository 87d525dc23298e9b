"""Load, fold, save: what every item goes through, whether it came from Kafka, over HTTP or out of parking.

Customers are locked, their accounts loaded, items folded with the deadlines between them, and everything that follows
is written: accounts, deadlines, decisions, and facts into the outbox. Never commits.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from chassis import customers, deadlines, decisions, outbox
from chassis.database import is_transient
from chassis.items import Command
from chassis.publishing import events_of
from chassis.sequence import LONG_AGO, Block, Folded, Refused, fold_sequence
from chassis.service import Service, Tx
from contracts import Event


async def apply_together(
    tx: Tx,
    service: Service,
    items: Sequence[Event[Any] | Command[Any]],
    waking: Collection[str],
    *,
    before: datetime,
    partition_of: Callable[[str], int],
    moments: Sequence[datetime] | None = None,
) -> Folded:
    """Lock the customers, load, fold and save them all at once, with the deadlines, decisions and facts that follow."""
    touched_ids = {item.customer_id for item in items} | set(waking)
    if not touched_ids:
        return Folded({})
    blocked = await customers.lock(tx, touched_ids)
    free = touched_ids - blocked
    due = await deadlines.due_of(tx, free, before) if before > LONG_AGO and free else []
    folding = service.folding
    touched = [item for item in items if item.customer_id in free] if blocked else items
    accounts = await folding.load(tx, [*touched, *due]) if touched or due else {}
    folded = fold_sequence(folding.fold, accounts, items, due, before=before, blocked=blocked, moments=moments)
    changed = {customer_id: folded.accounts[customer_id] for customer_id in sorted(folded.changed)}
    if changed or any(outcome.rows for _, outcome in folded.outcomes):
        await folding.save(tx, changed, folded.outcomes)
    await deadlines.write(tx, folded.deadlines, partition_of)
    await decisions.write(tx, folded.outcomes)
    facts = events_of(service.source, folded.outcomes)
    await outbox.put(tx, (outbox.row_of(partition_of(fact.customer_id), fact) for fact in facts))
    return folded


async def apply_apart(
    tx: Tx,
    service: Service,
    items: Sequence[Event[Any] | Command[Any]],
    waking: Collection[str],
    *,
    before: datetime,
    partition_of: Callable[[str], int],
    moments: Sequence[datetime] | None = None,
) -> Folded:
    """The same, customer by customer behind savepoints: who cannot be saved is blocked, the others go on."""
    whole = Folded({})
    touched_ids = {item.customer_id for item in items} | set(waking)
    await customers.lock(tx, touched_ids)  # before any savepoint: rolled back, it would forget who is new, and let go
    timed = list(zip(items, moments or [item.at for item in items], strict=True))
    for customer_id in sorted(touched_ids):
        own = [item for item, _ in timed if item.customer_id == customer_id]
        own_moments = [moment for item, moment in timed if item.customer_id == customer_id]
        try:
            async with tx.begin_nested():
                part = await apply_together(
                    tx, service, own, [customer_id], before=before, partition_of=partition_of, moments=own_moments
                )
        except Exception as error:  # whatever it is: the others go on
            if is_transient(error):
                raise
            part = _unsaved(customer_id, own, error)
        whole.outcomes += part.outcomes
        whole.refused += part.refused
        whole.blocks |= part.blocks
    return whole


def _unsaved(customer_id: str, items: Sequence[Any], error: Exception) -> Folded:
    reason = "save_failed"
    refused = [
        Refused(item, "behind_blocked" if place else reason, type(error).__name__, error)
        for place, item in enumerate(items)
    ]
    return Folded({}, refused=refused, blocks={customer_id: Block(reason, items[0].id if items else "deadline")})
