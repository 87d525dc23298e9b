"""What analysts are given: one moment, whole or not at all, and nobody's name, address or words."""

import asyncio
import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import feedback.app
import feedback.exported
import loyalty.app
import loyalty.exported
import notifier.app
import notifier.exported
import orders_listener.app
import orders_listener.exported
from chassis import exporting
from chassis.application import Application
from chassis.exporting import CHASSIS, FolderExists, export
from chassis.runtime import Runtime
from tests.conftest import LINK_KEYS, RuntimeOf
from tests.running import rows

NEVER = {"positions", "inbox", "outbox", "closings", "api_keys", "audits", "alembic_version", "schema_revisions"}
"""How it was heard and said, which is no conclusion; the manifest has the positions."""
SERVICES = [
    (feedback.app.application, feedback.exported),
    (loyalty.app.application, loyalty.exported),
    (notifier.app.application, notifier.exported),
    (orders_listener.app.application, orders_listener.exported),
]
DOCUMENTS = {("decisions", "detail"), ("patrons", "relationship"), ("snapshots", "document")}
"""Numbers, codes and days; what else lies in a document stays."""


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(loyalty.app.application)


async def accounts(runtime: Runtime, first: int, number: int) -> None:
    async with runtime.transaction() as tx:
        await tx.execute(
            text("""with made as (
                        insert into accounts select 'c-' || n, n, 0, 0, null, 1, null
                        from generate_series(cast(:first as integer), cast(:last as integer)) n returning customer_id)
                    insert into postings
                    select customer_id, 1, 'vested', 'programme:earned', 'member:available', 1, 'r', null, 'x', now()
                    from made"""),
            {"first": first, "last": first + number - 1},
        )


def read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


async def test_every_table_is_one_file_and_the_manifest_says_what_is_in_it(runtime: Runtime, tmp_path: Path) -> None:
    await accounts(runtime, 1, 1_000)
    await export(runtime, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert {one["table"] for one in manifest["tables"]} == {*CHASSIS, *loyalty.exported.EXPORT}
    for one in manifest["tables"]:
        found = read(tmp_path / "out", one["table"])
        assert len(found) == one["rows"]
        assert not found or list(found[0]) == [column["name"] for column in one["columns"]]
        assert hashlib.sha256((tmp_path / "out" / one["file"]).read_bytes()).hexdigest() == one["sha256"]
    assert (manifest["service"], manifest["revision"]) == ("loyalty", "0005")
    assert {"name": "at", "type": "timestamp with time zone"} in next(
        one["columns"] for one in manifest["tables"] if one["table"] == "postings"
    )


async def test_what_happens_meanwhile_is_in_none_of_the_files(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts(runtime, 1, 10)
    table = exporting._table

    async def slowly(tx: Any, name: str, *arguments: Any, **named: Any) -> Any:
        if name == "postings":  # accounts are out, the ledger is not
            await accounts(runtime, 11, 10)
        return await table(tx, name, *arguments, **named)

    monkeypatch.setattr(exporting, "_table", slowly)
    await export(runtime, tmp_path / "out")
    assert len(read(tmp_path / "out", "accounts")) == len(read(tmp_path / "out", "postings")) == 10
    assert len(await rows(runtime, "select 1 from postings")) == 20


async def test_a_folder_is_there_whole_or_not_at_all(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setitem(CHASSIS, "postings_of_another_shop", "nothing")
        with pytest.raises(Exception, match="does not exist"):
            await export(runtime, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    await export(runtime, tmp_path / "out")  # what was left unfinished is in nobody's way
    assert await asyncio.to_thread(os.listdir, tmp_path) == ["out"]


async def test_nothing_is_written_over(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(FolderExists):
        await export(runtime, tmp_path / "out")


async def test_nothing_can_be_changed_by_it(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def worse(tx: Any, *_: Any, **__: Any) -> Any:
        await tx.execute(text("delete from accounts"))

    monkeypatch.setattr(exporting, "_table", worse)
    with pytest.raises(Exception, match="read-only transaction"):
        await export(runtime, tmp_path / "out")


async def test_compressed_it_says_the_same(runtime: Runtime, tmp_path: Path) -> None:
    await accounts(runtime, 1, 5_000)
    await export(runtime, tmp_path / "plain")
    await export(runtime, tmp_path / "small", compress=True)
    small = tmp_path / "small" / "postings.csv.gz"
    assert sorted(gzip.decompress(small.read_bytes()).splitlines()) == sorted(
        (tmp_path / "plain" / "postings.csv").read_bytes().splitlines()
    )
    assert small.stat().st_size * 5 < (tmp_path / "plain" / "postings.csv").stat().st_size


@pytest.mark.parametrize(("application", "exported"), SERVICES)
async def test_of_every_table_it_is_decided_whether_it_leaves(
    runtime_of: RuntimeOf, application: Callable[[], Application], exported: Any, tmp_path: Path
) -> None:
    runtime = await runtime_of(application)
    query = """select c.relname as name from pg_class c
               where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition"""
    there = {row["name"] for row in await rows(runtime, query)}
    assert there == {*CHASSIS, *exported.EXPORT, *exported.LEFT_OUT, *NEVER} & (there | {*exported.EXPORT, *CHASSIS})
    manifest = await export(runtime, tmp_path / "out")
    kinds = {(one.table, column["name"]): column["type"] for one in manifest.tables for column in one.columns}
    assert {place for place, kind in kinds.items() if kind in ("jsonb", "bytea")} <= DOCUMENTS


async def test_the_command_says_what_it_did_and_refuses_to_write_over_it(runtime: Runtime, tmp_path: Path) -> None:
    await accounts(runtime, 1, 3)
    own = {
        "LOYALTY_DATABASE_URL": runtime.settings.database_url.get_secret_value(),
        "LINK_KEYS": LINK_KEYS,
        "PATH": os.environ["PATH"],
    }

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "loyalty", "export", "--to", str(tmp_path / "out")]
        return subprocess.run(  # noqa: S603 our own command
            command, env=own, capture_output=True, text=True, check=False, timeout=60
        )

    first, second = await asyncio.to_thread(run), await asyncio.to_thread(run)
    assert (first.returncode, second.returncode) == (0, 1)
    assert "6 rows of loyalty, as of" in first.stdout
    assert "accounts" in first.stderr
    assert "nothing is written over it" in second.stderr
