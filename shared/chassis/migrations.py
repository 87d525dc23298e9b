"""Migrations: Alembic, run by `python -m <service> migrate`, never by a starting replica.

One migrator at a time (advisory lock). Expand, migrate, contract: a migration that only adds says
`old_code_runs = True`, and then processes of the release before go on beside it and may be put back. Which migrations a
database has, and which of them say so, stands in its table `schema_revisions`, where older code can read it. A service
starts on its own schema, and on a newer one when everything newer says so; never on an older one (`require_head`).
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import create_engine

_LOCK = 7_265_801  # any number, the same for every migrator
REVISIONS = "schema_revisions"
OLD_CODE_RUNS = "old_code_runs"
"""What a migration says when code that does not know it runs on: it adds, and changes or removes nothing in use."""

log = structlog.get_logger(__name__)


class SchemaOutdated(Exception):
    """The database is at a revision that this code cannot run on; says which command to run."""


class Applied(NamedTuple):
    """A migration that a database has."""

    number: int
    revision: str
    old_code_runs: bool


def migrations_of(module_file: str) -> Path:
    """Given a module's `__file__`, its service's: in the package when installed, beside it in the repository."""
    package = Path(module_file).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.with_name("migrations")


def run() -> None:
    """What a service's `migrations/env.py` calls: migrate over the connection that `upgrade` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()
        _note(connection, ScriptDirectory.from_config(context.config))


def _note(connection: Connection, scripts: ScriptDirectory) -> None:
    """Write down which migrations the database has now; in the same transaction as these."""
    connection.execute(text(_CREATE))
    current = MigrationContext.configure(connection).get_current_revision()
    for applied in _chain(scripts, current):
        connection.execute(text(_NOTE), applied._asdict())


_CREATE = f"""
    create table if not exists {REVISIONS} (
        number        integer primary key,   -- in the order in which they follow each other
        revision      text not null,
        old_code_runs boolean not null,      -- code that does not know this one runs on it
        applied_at    timestamptz not null default now()
    )
"""
_NOTE = f"""
    insert into {REVISIONS} (number, revision, old_code_runs) values (:number, :revision, :old_code_runs)
    on conflict (number) do nothing
"""  # noqa: S608 a constant of ours


def _chain(scripts: ScriptDirectory, revision: str | None) -> list[Applied]:
    """The migrations up to a revision, the oldest first."""
    if revision is None:
        return []
    down = list(scripts.iterate_revisions(revision, "base"))
    return [
        Applied(number, script.revision, getattr(script.module, OLD_CODE_RUNS, False) is True)
        for number, script in enumerate(reversed(down), start=1)
    ]


def upgrade(database_url: str, folder: Path, to: str = "head") -> None:
    """Bring the database to the newest revision found in `folder`; one that is newer and lets us run is left alone.

    Raises `SchemaOutdated` when it is newer and does not.
    """
    asyncio.run(_upgrade(database_url, folder, to))


async def _upgrade(database_url: str, folder: Path, to: str) -> None:
    engine = create_engine(database_url, connections=1)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade_over, folder, to)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade_over(connection: Connection, folder: Path, to: str) -> None:
    config = _config(folder)
    config.attributes["connection"] = connection
    found = _applied(connection)
    head = ScriptDirectory.from_config(config).get_current_head()
    if newer := _newer(found, head):
        _require_compatible(newer, head, "migrate")
        log.warning("the database is newer and lets this code run; nothing is migrated", revision=newer[-1].revision)
        return
    connection.rollback()  # what was looked at: a migration may want a transaction of its own
    command.upgrade(config, to)


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config


async def require_head(engine: AsyncEngine, folder: Path, service: str) -> None:
    """Raise `SchemaOutdated` unless the database is at the newest revision, or at a newer one that lets us run."""
    head = ScriptDirectory.from_config(_config(folder)).get_current_head()
    async with engine.connect() as connection:
        current = await connection.run_sync(_current)
        found = [] if current == head else await connection.run_sync(_applied)
    if current == head:
        return
    if newer := _newer(found, head):
        _require_compatible(newer, head, service)
        log.warning("the database is newer and lets this code run", revision=current, ours=head)
        return
    package = service.replace("-", "_")
    raise SchemaOutdated(
        f"{service}: the database is at revision {current} and this code needs {head}; run: python -m {package} migrate"
    )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _applied(connection: Connection) -> list[Applied]:
    """The migrations that the database has, in order; none where nobody wrote them down."""
    if not inspect(connection).has_table(REVISIONS):
        return []
    rows: Sequence[Any] = connection.execute(
        text(f"select number, revision, old_code_runs from {REVISIONS} order by number")  # noqa: S608 a constant of ours
    ).all()
    return [Applied(*row) for row in rows]


def _newer(found: Sequence[Applied], head: str | None) -> list[Applied]:
    """What the database has beyond our newest migration; nothing when it does not have ours."""
    ours = next((applied.number for applied in found if applied.revision == head), None)
    return [] if ours is None else [applied for applied in found if applied.number > ours]


def _require_compatible(newer: Sequence[Applied], head: str | None, who: str) -> None:
    if breaking := [applied.revision for applied in newer if not applied.old_code_runs]:
        raise SchemaOutdated(
            f"{who}: the database is at revision {newer[-1].revision}, and code that knows only {head} cannot run "
            f"on it since {breaking[0]}; start the newer code, or put a backup from before back"
        )
