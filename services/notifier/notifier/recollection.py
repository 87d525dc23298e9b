"""Before anything is sent: what Kafka knows was sent and the database does not, as after a restored backup."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from chassis import grants
from chassis.database import is_transient
from chassis.past import said_since
from chassis.runtime import Runtime
from contracts.notifications import MessageSent
from notifier import store
from notifier.reports import PAUSE_S

CLOCKS_DIFFER = timedelta(minutes=10)
"""At most so much do the clocks of database and relay; looking back further than needed costs only the reading."""

log = structlog.get_logger("notifier.recollection")


async def look_back(runtime: Runtime) -> int:
    """Remember it, so that nobody is told twice what becomes ready again; how many messages there are.

    Waits for Kafka.
    """
    while True:
        try:
            async with runtime.transaction() as tx:
                known_at = await store.last_report_at(tx)
            since = known_at - CLOCKS_DIFFER if known_at else datetime.fromtimestamp(0, UTC)
            events = await said_since(runtime, MessageSent, since)
            async with runtime.transaction() as tx:
                await store.remember_told(tx, {event.data.message_id: event.time for event in events})
        except (SQLAlchemyError, OSError, TimeoutError, KafkaError) as error:
            if not (is_transient(error) or isinstance(error, KafkaError)):
                raise
            log.warning("sender_waits", error=type(error).__name__, reason=grants.missing(error))
            await asyncio.sleep(PAUSE_S)
        else:
            return len(events)
