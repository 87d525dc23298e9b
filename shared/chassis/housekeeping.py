"""The background task that keeps house: months are added ahead, and dropped when they are older than is kept.

Owns when that is done and for how long anybody may wait for it. Never deletes row by row what a dropped table takes
along at once; parked records, of which the open ones stay however old they are, go a few at a time. With simulated time
nothing is old, and nothing is done.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text

from chassis import metrics, months
from chassis.database import is_transient
from chassis.months import Monthly
from chassis.runtime import Runtime
from chassis.service import Tx
from chassis.settings import ClockKind, ServiceSettings

log = structlog.get_logger(__name__)

EVERY_S = 3_600.0
AGAIN_AFTER_S = 30.0
"""Somebody reads or writes for longer than we want to hold up others: later."""
LONGEST_WAIT_MS = 500
"""Behind us everybody waits while we wait for a table: so long for each."""
LONGEST_STATEMENT_MS = 5_000
FORGOTTEN_AT_ONCE = 1_000
LOCK = 7_265_803  # any number, the same in every process of a database


async def keep_house(runtime: Runtime) -> None:
    """Every hour, by whichever process comes first, until cancelled."""
    while runtime.settings.clock is ClockKind.real:
        try:
            await tidy(runtime, datetime.now(UTC))
            await asyncio.sleep(EVERY_S)
        except Exception as error:
            metrics.housekeeping_failures.inc()
            log.warning("keeping house failed; trying again", error=type(error).__name__,
                        exc_info=None if is_transient(error) else error)  # fmt: skip
            await asyncio.sleep(AGAIN_AFTER_S)


async def tidy(runtime: Runtime, now: datetime) -> None:
    """Add and drop months, each table in a transaction of its own, and forget what is closed for long."""
    kept = kept_days(runtime.settings)
    ends = []
    for monthly, days in kept.items():
        async with runtime.transaction() as tx:
            if not await _alone(tx):
                return
            ends.append(await tend(tx, monthly, now, timedelta(days=days)))
    metrics.months_until_s.set(min(ends).timestamp())
    await _forget_parked(runtime, now - timedelta(days=runtime.settings.parked_kept_days))


def kept_days(settings: ServiceSettings) -> Mapping[Monthly, int]:
    """For how long each table keeps its months after their end."""
    return {
        months.INBOX: settings.inbox_kept_days,
        months.DECISIONS: settings.decisions_kept_days,
        months.COMMANDS: settings.decisions_kept_days,
        months.AUDITS: settings.audits_kept_days,
    }


async def tend(tx: Tx, monthly: Monthly, now: datetime, kept: timedelta) -> datetime:
    """Add what is missing and drop what is over; the end of the newest month."""
    there = await _months(tx, monthly)
    until = max(months.wanted_until(now), months.after(there[-1]))
    added = months.added(monthly, there, until)
    dropped = months.dropped(monthly, list(months.from_to(there[0], until)), now - kept)
    if added or dropped:
        await tx.execute(text(f"set local lock_timeout = {LONGEST_WAIT_MS}"))
        await tx.execute(text(f"set local statement_timeout = {LONGEST_STATEMENT_MS}"))
    for statement in [*added, *dropped]:
        await tx.execute(text(statement.replace(":", r"\:")))
    if added or dropped:
        log.info("months moved on", table=monthly.table, until=until.isoformat(), dropped=bool(dropped))
    return until


async def _alone(tx: Tx) -> bool:
    return bool((await tx.execute(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK})).scalar_one())


async def _months(tx: Tx, monthly: Monthly) -> list[datetime]:
    rows = await tx.execute(_PARTS, {"table": monthly.table})
    return months.found(monthly, [row.name for row in rows])


_PARTS = text("""
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass(:table)
""")


async def _forget_parked(runtime: Runtime, before: datetime) -> None:
    """Records that were redriven or discarded; a short transaction for each portion."""
    forgotten = FORGOTTEN_AT_ONCE
    while forgotten == FORGOTTEN_AT_ONCE:
        async with runtime.transaction() as tx:
            forgotten = (await tx.execute(_FORGET_PARKED, {"before": before, "most": FORGOTTEN_AT_ONCE})).rowcount


_FORGET_PARKED = text("""
    delete from parked_events where parked_id in (
        select parked_id from parked_events where state <> 'parked' and closed_at < :before
        order by parked_id limit :most for update skip locked)
""")
