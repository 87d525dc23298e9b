"""The engine, and which errors pass by themselves.

Transactions are never cancelled half-way by us: a stop waits for the batch (see `worker`).
"""

import asyncio
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000

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


def create_engine(database_url: str, *, connections: int) -> AsyncEngine:
    """At most `connections` connections, and five seconds of waiting for one."""
    return create_async_engine(
        database_url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=False,
        hide_parameters=True,  # an error's text ends up in logs; what customers wrote must not
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": "rapport",
                "jit": "off",
                "timezone": "UTC",
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            },
        },
    )


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
