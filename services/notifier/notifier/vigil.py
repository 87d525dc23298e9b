"""The background task that looks at the clock while deadlines wait: says that telling failed when `told_by` has passed.

Works while the worker lags, while Kafka is away (the fact waits in the outbox) and for customers who are blocked. With
simulated time the clock is what a partition has come to, so only blocked customers can be overdue.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from chassis import customers, decisions, inbox, outbox, parked
from chassis.publishing import events_of
from chassis.reading import read
from chassis.runtime import Runtime
from chassis.service import Tx
from contracts import Event
from notifier import overdue_store, store, telling_store
from notifier.correspondence import Correspondence
from notifier.measures import messages_waiting, tellings_failed, troubled_orders
from notifier.overdue import PATIENCE, command_of, openings_of, outcome_of, untold, with_parked
from notifier.policy import Policy
from notifier.reports import wait_out
from notifier.vaults import Vault

LOOK_EVERY_S = 15.0
MOST_AT_ONCE = 100
LATELY = timedelta(days=30)

log = structlog.get_logger("notifier.vigil")


async def keep_vigil(runtime: Runtime, policy: Policy, vault: Vault) -> None:
    """Until cancelled. What passes by itself is waited for; a bug ends the task."""
    while True:
        try:
            await look(runtime, policy, vault)
            await asyncio.sleep(LOOK_EVERY_S)
        except (SQLAlchemyError, OSError) as error:
            await wait_out(error)


async def look(
    runtime: Runtime, policy: Policy, vault: Vault, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Say of every issue that should have been told that it was not; how many there were."""
    async with runtime.transaction() as tx:
        moments = await overdue_store.clocks(tx, runtime.settings, now())
        overdue = {partition: moment - PATIENCE for partition, moment in moments.items()}
        counts = await overdue_store.waiting_counts(tx, overdue)
        troubled = await telling_store.orders(tx, max(moments.values(), default=now()) - LATELY, None)
    for awaited, number in counts.items():
        messages_waiting.labels(awaited).set(number)
    for judged, number in troubled.items():
        troubled_orders.labels(judged).set(number)
    found = 0
    for sought in (_overdue(overdue), overdue_store.with_parked_issues):
        after = ""
        while True:
            async with runtime.transaction() as tx:
                customer_ids = await sought(tx, after, MOST_AT_ONCE)
                found += await _look_at(tx, runtime, policy, vault, customer_ids, moments)
            if len(customer_ids) < MOST_AT_ONCE:
                break
            after = customer_ids[-1]
    if found:
        runtime.outbox_filled.set()
        tellings_failed.inc(found)
        log.warning("telling_failed", number=found)
    return found


def _overdue(before: dict[int, datetime]) -> Callable[[Tx, str, int], Awaitable[list[str]]]:
    async def sought(tx: Tx, after: str, most: int) -> list[str]:
        return await overdue_store.with_overdue_tellings(tx, before, after, most)

    return sought


async def _look_at(
    tx: Tx, runtime: Runtime, policy: Policy, vault: Vault, customer_ids: Sequence[str], moments: Mapping[int, datetime]
) -> int:
    if not customer_ids:
        return 0
    blocked = await customers.lock(tx, customer_ids)
    known = await store.people_and_circumstances_of(tx, vault, customer_ids)
    found = 0
    for customer_id in customer_ids:
        person, circumstances = known[customer_id]
        account = Correspondence(customer_id=customer_id, person=person, circumstances=circumstances)
        issues = frozenset(circumstances.issues)
        messages = await store.messages_of(tx, [customer_id], openings_of(account))
        account = replace(account, messages={message.message_id: message for message in messages})
        if customer_id in blocked:
            account = with_parked(account, await _parked(tx, runtime, customer_id))
            issues = frozenset(account.circumstances.issues)
        account = replace(account, said_overdue=await overdue_store.said_of(tx, issues))
        now = moments.get(runtime.partition_of(customer_id))
        found += await _say(tx, runtime, account, policy, now) if now else 0
    return found


async def _parked(tx: Tx, runtime: Runtime, customer_id: str) -> list[Event[Any]]:
    wanted = runtime.service.wanted()
    waiting = [row.record for row in await parked.waiting_of(tx, runtime.service, customer_id)]
    entries = [read(record, wanted.get(record.topic, ())) for record in waiting]
    return [entry.event for entry in entries if entry.event is not None and entry.marker is None]


async def _say(tx: Tx, runtime: Runtime, account: Correspondence, policy: Policy, now: datetime) -> int:
    customer_id, partition = account.customer_id, runtime.partition_of(account.customer_id)
    found = list(untold(account, policy, now))
    commands = [command_of(customer_id, one, now) for one in found]
    new = await inbox.enter_commands(tx, commands)
    outcomes = [
        (command, outcome_of(customer_id, one, now, policy))
        for command, one in zip(commands, found, strict=True)
        if command.id in new
    ]
    await decisions.write(tx, outcomes)
    facts = events_of(runtime.service.source, outcomes)
    await outbox.put(tx, (outbox.row_of(partition, fact) for fact in facts))
    return len(outcomes)
