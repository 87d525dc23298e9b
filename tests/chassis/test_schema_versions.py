"""Older code on a newer schema and newer code on an older one: who starts, who refuses, and who says so."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text
from toy.app import SERVICE

from chassis.database import create_engine
from chassis.migrations import SchemaOutdated, require_head, upgrade
from deploy.local.postgres import Postgres

ADDS = "old_code_runs = True"
CHANGES = ""
Release = Path
"""A folder of migrations, as one release of the code has it."""


def release(folder: Path, *kinds: str) -> Release:
    """The toy's first migration and some more, each `ADDS` or `CHANGES`."""
    shutil.copytree(SERVICE.migrations, folder, ignore=shutil.ignore_patterns("000[2-9]*"))
    for number, kind in enumerate(kinds, start=2):
        (folder / "versions" / f"000{number}.py").write_text(
            f'from alembic import op\nrevision = "000{number}"\ndown_revision = "000{number - 1}"\n{kind}\n'
            f'def upgrade():\n    op.execute("create table t{number} (n integer)")\n'
        )
    return folder


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path) -> str:
    return postgres.database(f"versions_{abs(hash(tmp_path))}")


async def starts(database: str, code: Release) -> bool:
    engine = create_engine(database, connections=1)
    try:
        await require_head(engine, code, "toy")
    except SchemaOutdated:
        return False
    else:
        return True
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    ("kinds", "old_starts"),
    [((), True), ((ADDS,), True), ((ADDS, ADDS), True), ((CHANGES,), False), ((ADDS, CHANGES), False)],
)
async def test_old_code_runs_on_what_only_added(
    database: str, tmp_path: Path, kinds: tuple[str, ...], old_starts: bool
) -> None:
    old, new = release(tmp_path / "old"), release(tmp_path / "new", *kinds)
    await upgraded(database, old)
    await upgraded(database, new)
    assert (await starts(database, old), await starts(database, new)) == (old_starts, True)


async def test_code_in_the_middle_asks_only_for_what_came_after_it(database: str, tmp_path: Path) -> None:
    middle, new = release(tmp_path / "middle", CHANGES), release(tmp_path / "new", CHANGES, ADDS)
    await upgraded(database, new)
    assert await starts(database, middle)


async def test_new_code_never_starts_on_an_older_schema(database: str, tmp_path: Path) -> None:
    new = release(tmp_path / "new", ADDS)
    assert not await starts(database, new)
    await upgraded(database, release(tmp_path / "old"))
    assert not await starts(database, new)


async def test_a_database_from_before_this_was_written_down_is_brought_on(database: str, tmp_path: Path) -> None:
    old, new = release(tmp_path / "old"), release(tmp_path / "new", ADDS)
    await upgraded(database, old)
    await execute(database, "drop table schema_revisions")
    assert await starts(database, old)
    await upgraded(database, new)
    assert await starts(database, old)


async def test_a_rollback_migrates_nothing_and_says_when_it_cannot_be(database: str, tmp_path: Path) -> None:
    old, adds = release(tmp_path / "old"), release(tmp_path / "adds", ADDS)
    await upgraded(database, adds)
    await upgraded(database, old)  # what a rolled-back installation does first
    assert await starts(database, adds)
    await upgraded(database, release(tmp_path / "changes", ADDS, CHANGES))
    with pytest.raises(SchemaOutdated, match=r"at revision 0003, and code that knows only 0001 .* since 0003"):
        await upgraded(database, old)


async def test_what_fails_half_way_is_written_down_nowhere(database: str, tmp_path: Path) -> None:
    old, new = release(tmp_path / "old"), release(tmp_path / "new", ADDS)
    await upgraded(database, old)
    (new / "versions" / "0003.py").write_text(
        'revision, down_revision = "0003", "0002"\ndef upgrade():\n    raise ZeroDivisionError\n'
    )
    with pytest.raises(ZeroDivisionError):
        await upgraded(database, new)
    assert await starts(database, old)
    assert await execute(database, "select revision from schema_revisions") == [("0001",)]


async def upgraded(database: str, code: Release) -> None:
    await asyncio.to_thread(upgrade, database, code)


async def execute(database: str, statement: str) -> list[tuple[str, ...]]:
    engine = create_engine(database, connections=1)
    try:
        async with engine.begin() as tx:
            found = await tx.execute(text(statement))
            return [tuple(row) for row in found] if found.returns_rows else []
    finally:
        await engine.dispose()
