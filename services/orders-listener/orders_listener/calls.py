"""The background task that calls whom a disruption concerns: a due deadline for each order, in portions.

Owns no rule: an order that is called looks at what was declared, as it does with every fact. Where this process dies,
the next one goes on from the last portion; with several workers one is at it and the others pass by.
"""

import asyncio

import structlog

from chassis.database import is_transient
from chassis.runtime import Runtime
from orders_listener import declared

PORTION = 1_000
"""Orders that are called in one transaction, under their customers' locks."""
LOOK_EVERY_S = 0.5

log = structlog.get_logger(__name__)


async def call_for_ever(runtime: Runtime) -> None:
    """Until cancelled. What passes by itself is waited for; a bug ends the task."""
    while True:
        try:
            called = await call_next(runtime)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("calling whom a disruption concerns failed; trying again", error=type(error).__name__)
            called = None
        if called is None:
            await asyncio.sleep(LOOK_EVERY_S)


async def call_next(runtime: Runtime) -> int | None:
    """One portion; how many orders, None when nobody is to be called."""
    async with runtime.transaction() as tx:
        return await declared.call_some(tx, runtime.partition_of, most=PORTION)
