"""`python -m <service> export --to folder`: what a service concluded, for analysts, as of one moment.

One snapshot (`repeatable read`, read only, so a standby can serve it), one CSV file for each table, streamed, and a
manifest written last. The folder appears whole or not at all: it is built beside its place and renamed. Only what the
service names in `Service.export` leaves the database: ids and what was concluded, nobody's names, addresses or words.
"""

import gzip
import hashlib
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import asyncpg
import msgspec
from sqlalchemy import text

from chassis.runtime import Runtime
from chassis.service import Tx

SAY_EVERY_S = 5.0
CHASSIS = {
    "customers": "customer_id blocked_at blocked_reason",
    "decisions": (
        "decision_id customer_id subject rule version outcome reason at cause_kind cause_id root_id correlation_id"
        " detail"
    ),
    "commands": "command_id customer_id kind at received_at",
    "deadlines": "customer_id kind subject partition due_at set_by correlation_id",
    "parked_events": (
        'parked_id topic partition "offset" timestamp_ms reason customer_id event_id attempts state parked_at closed_at'
    ),
}
"""Tables that every service has, and their columns: not who gave a command, not what was parked."""


class FolderExists(Exception):
    """Nothing is ever written over."""


class Exported(msgspec.Struct, frozen=True):
    """One file."""

    table: str
    file: str
    rows: int
    bytes: int
    sha256: str
    """Of the file as it lies there."""
    columns: list[dict[str, str]]
    """Name and PostgreSQL type, in their order."""


class Manifest(msgspec.Struct, frozen=True):
    """What the folder holds, and as of when."""

    service: str
    revision: str
    """The schema's."""
    exported_at: datetime
    """The snapshot's moment."""
    positions: list[dict[str, Any]]
    """How far each partition of each topic was read in this snapshot: `next_offset` and the counts."""
    tables: list[Exported]


async def export(runtime: Runtime, folder: Path, *, compress: bool = False) -> Manifest:
    """Write the folder. `FolderExists` when there is one already; what another run left unfinished is written anew."""
    unfinished = _begun(folder)
    engine = runtime.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    async with engine.connect() as tx:
        manifest = await _everything(tx, runtime, unfinished, compress=compress)
    (unfinished / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    unfinished.rename(folder)
    return manifest


def _begun(folder: Path) -> Path:
    """Where it is built, empty."""
    if folder.exists():
        raise FolderExists(str(folder))
    unfinished = folder.parent / f".{folder.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    return unfinished


async def _everything(tx: Tx, runtime: Runtime, folder: Path, *, compress: bool) -> Manifest:
    exported_at, revision = (await tx.execute(_SNAPSHOT)).one()  # the first statement takes the snapshot
    positions = [dict(row._mapping) for row in await tx.execute(_POSITIONS)]
    tables = [
        await _table(tx, table, columns, folder, compress=compress)
        for table, columns in sorted({**CHASSIS, **runtime.service.export}.items())
    ]
    return Manifest(runtime.service.name, revision, exported_at.astimezone(UTC), positions, tables)


_SNAPSHOT = text("select now(), (select version_num from alembic_version)")
_POSITIONS = text("""
    select topic, partition, next_offset, reached_at, settled_at, consumed, applied, duplicate, parked, ignored
    from positions order by topic, partition
""")


async def _table(tx: Tx, table: str, columns: str, folder: Path, *, compress: bool) -> Exported:
    query = f"select {', '.join(columns.split())} from {table}"  # noqa: S608 the names are ours
    described = await tx.execute(_DESCRIBED, {"table": table, "columns": columns.replace('"', "").split()})
    file = folder / f"{table}.csv{'.gz' if compress else ''}"
    connection = cast("asyncpg.Connection[Any]", (await tx.get_raw_connection()).driver_connection)
    with file.open("xb") as written:
        sink = _Sink(table, gzip.GzipFile(fileobj=written, mode="wb", mtime=0) if compress else written)
        answer = await connection.copy_from_query(query, output=sink.take, format="csv", header=True)
        if compress:
            sink.file.close()
    rows = int(answer.split()[-1])
    sink.say(rows)
    with file.open("rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
    return Exported(table, file.name, rows, file.stat().st_size, digest, [dict(row._mapping) for row in described])


_DESCRIBED = text("""
    select v.name, format_type(a.atttypid, a.atttypmod) as type
    from unnest(cast(:columns as text[])) with ordinality as v (name, place)
    join pg_attribute a on a.attrelid = to_regclass(:table) and a.attname = v.name order by v.place
""")


class _Sink:
    """Where the bytes of a table go; says now and then how many there were."""

    def __init__(self, table: str, file: IO[bytes] | gzip.GzipFile) -> None:
        self.file = file
        self._table, self._bytes, self._said_s = table, 0, time.monotonic()

    async def take(self, data: bytes) -> None:
        self.file.write(data)
        self._bytes += len(data)
        if time.monotonic() - self._said_s > SAY_EVERY_S:
            self.say(None)

    def say(self, rows: int | None) -> None:
        self._said_s = time.monotonic()
        done = "so far" if rows is None else f"{rows:,} rows"
        sys.stderr.write(f"{self._table:20} {self._bytes / 1e6:12,.1f} MB  {done}\n")
