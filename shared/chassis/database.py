"""The engine, how long a database may be silent, and which errors pass by themselves.

Transactions are never cancelled half-way by us: a stop waits for the batch (see `worker`). Only who waits for an answer
for longer than `REQUEST_PATIENCE_S` or `WORK_PATIENCE_S` is told that the database is away: a server that is frozen, or
a network that swallows packets, would never say so.
"""

import asyncio
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
CONNECTION_PATIENCE_S = 4.0
"""So long one waits for a connection, be it of the pool or a new one."""
REQUEST_PATIENCE_S = 6.0
"""So long one statement of a process that only serves HTTP may take: somebody waits for the answer."""
WORK_PATIENCE_S = 20.0
"""The same of a worker: a large batch on a busy server needs some of it, and liveness asks only after a minute."""

_TRANSIENT_CLASSES = ("08", "40", "53", "57", "58")
"""SQLSTATE classes: connection, rollback (deadlock, serialisation), resources, operator intervention, system."""
_TRANSIENT_CODES = ("55P03", "25P03", "25006")
"""Lock not available, idle in transaction, read only (a failover under way)."""


def wrong_with(database_url: str) -> str | None:
    """What is wrong with an address, in words that repeat nothing of it: there is a password in it."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        return "write an address: postgresql+asyncpg://user:password@host/name, with @ : / in a password as %40 %3A %2F"
    if url.drivername != "postgresql+asyncpg":
        return "write postgresql+asyncpg:// at its beginning"
    if url.host and "@" in url.host:
        return "write an @ in the password as %40"
    return None if url.database else "the name of the database is missing at its end"


def create_engine(database_url: str, *, connections: int, patience_s: float | None = None) -> AsyncEngine:
    """At most `connections` connections.

    A statement that is not answered within `patience_s` raises `TimeoutError` and ends its connection; None waits.
    """
    engine = create_async_engine(
        database_url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECTION_PATIENCE_S,
        pool_pre_ping=False,
        hide_parameters=True,  # an error's text ends up in logs; what customers wrote must not
        connect_args={
            "timeout": CONNECTION_PATIENCE_S,
            "command_timeout": patience_s,
            "server_settings": {
                "application_name": "rapport",
                "jit": "off",
                "timezone": "UTC",
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            },
        },
    )
    event.listen(engine.sync_engine, "handle_error", _give_up)
    return engine


def _give_up(failed: ExceptionContext) -> None:
    """End a connection that did not answer, and trust no other of the pool: a rollback would wait there as long."""
    if isinstance(failed.original_exception, TimeoutError) and failed.connection is not None:
        failed.is_disconnect = True
        connection = failed.connection.connection.driver_connection
        if connection is not None:
            connection.terminate()


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may succeed without anybody changing anything."""
    code = sqlstate_of(error)
    if code is not None:
        return code.startswith(_TRANSIENT_CLASSES) or code in _TRANSIENT_CODES
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError)
    return isinstance(error, OSError | asyncio.TimeoutError | PoolTimeout)


def sqlstate_of(error: BaseException) -> str | None:
    """PostgreSQL's code for what went wrong; while connecting, the driver's errors come as they are."""
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    return getattr(original, "sqlstate", None) or getattr(getattr(original, "__cause__", None), "sqlstate", None)
