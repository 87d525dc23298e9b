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
from chassis.items import Command
from chassis.outcomes import Outcome
from chassis.publishing import events_of
from chassis.reading import read
from chassis.runtime import Runtime
from chassis.service import Tx
from contracts import Event
from notifier import overdue_store, people_store, store, telling_store
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
    accounts = await _accounts(tx, vault, customer_ids)
    for customer_id in blocked:  # few, and each has bytes of their own to be opened
        accounts[customer_id] = with_parked(accounts[customer_id], await _parked(tx, runtime, customer_id))
    issue_ids = {issue_id for account in accounts.values() for issue_id in account.circumstances.issues}
    said_overdue = await overdue_store.said_of(tx, issue_ids)
    outcomes: list[tuple[Command[Any], Outcome]] = []
    for customer_id, account in accounts.items():
        now = moments.get(runtime.partition_of(customer_id))
        if now is not None:
            outcomes += _untold(replace(account, said_overdue=said_overdue), policy, now)
    return await _say(tx, runtime, outcomes)


async def _accounts(tx: Tx, vault: Vault, customer_ids: Sequence[str]) -> dict[str, Correspondence]:
    """Their correspondence, with the openings of their issues."""
    known = await people_store.people_and_circumstances_of(tx, vault, customer_ids)
    accounts = {
        one: Correspondence(customer_id=one, person=known[one][0], circumstances=known[one][1]) for one in customer_ids
    }
    openings = [message_id for account in accounts.values() for message_id in openings_of(account)]
    for message in await store.messages_of(tx, customer_ids, openings):
        account = accounts[message.customer_id]
        messages = {**account.messages, message.message_id: message}
        accounts[message.customer_id] = replace(account, messages=messages)
    return accounts


async def _parked(tx: Tx, runtime: Runtime, customer_id: str) -> list[Event[Any]]:
    wanted = runtime.service.wanted()
    waiting = [row.record for row in await parked.waiting_of(tx, runtime.service, customer_id)]
    entries = [read(record, wanted.get(record.topic, ())) for record in waiting]
    return [entry.event for entry in entries if entry.event is not None and entry.marker is None]


def _untold(account: Correspondence, policy: Policy, now: datetime) -> list[tuple[Command[Any], Outcome]]:
    """What is to be said of one customer, each as a command that is entered once."""
    customer_id = account.customer_id
    return [
        (command_of(customer_id, one, now), outcome_of(customer_id, one, now, policy))
        for one in untold(account, policy, now)
    ]


async def _say(tx: Tx, runtime: Runtime, found: Sequence[tuple[Command[Any], Outcome]]) -> int:
    """Written down and put out for all at once; how many were new."""
    new = await inbox.enter_commands(tx, [command for command, _ in found]) if found else set()
    outcomes = [(command, outcome) for command, outcome in found if command.id in new]
    await decisions.write(tx, outcomes)
    facts = events_of(runtime.service.source, outcomes)
    await outbox.put(tx, (outbox.row_of(runtime.partition_of(fact.data.customer_id), fact) for fact in facts))
    return len(outcomes)
