"""Migrations: Alembic, run by `python -m <service> migrate`, never by a starting replica.

One migrator at a time (advisory lock). A service refuses to start on a schema that is not its own (`require_head`).
"""

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import create_engine

_LOCK = 7_265_801  # any number, the same for every migrator


class SchemaOutdated(Exception):
    """The database is not at the revision this code was written for; says which command to run."""


def run() -> None:
    """What a service's `migrations/env.py` calls: migrate over the connection that `upgrade` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()


def upgrade(database_url: str, folder: Path) -> None:
    """Bring the database to the newest revision found in `folder`."""
    asyncio.run(_upgrade(database_url, folder))


async def _upgrade(database_url: str, folder: Path) -> None:
    engine = create_engine(database_url, connections=1)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade_over, folder)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade_over(connection: Connection, folder: Path) -> None:
    config = _config(folder)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config


async def require_head(engine: AsyncEngine, folder: Path, service: str) -> None:
    """Raise `SchemaOutdated` unless the database is at the newest revision."""
    head = ScriptDirectory.from_config(_config(folder)).get_current_head()
    async with engine.connect() as connection:
        current = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    if current != head:
        package = service.replace("-", "_")
        raise SchemaOutdated(
            f"{service}: the database is at revision {current} and this code needs {head}; "
            f"run: python -m {package} migrate"
        )
