"""The embedded PostgreSQL keeps what was committed, whatever ends it."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.postgres import Postgres
from deploy.local.processes import ProcessError, memory_bytes


async def ask(url: str, *statements: str) -> object:
    """The first value of the last statement's answer."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as tx:
            for statement in statements[:-1]:
                await tx.execute(text(statement))
            result = await tx.execute(text(statements[-1]))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


async def test_a_copy_of_a_template_starts_with_its_rows_and_goes_its_own_way(postgres: Postgres) -> None:
    template = postgres.database("template")
    await ask(template, "create table numbers (n int)", "insert into numbers values (1)")

    copy = postgres.database("copy", template="template")
    await ask(copy, "insert into numbers values (2)")

    assert await ask(copy, "select sum(n) from numbers") == 3
    assert await ask(template, "select sum(n) from numbers") == 1


async def test_asking_for_a_database_again_keeps_it(postgres: Postgres) -> None:
    await ask(postgres.database("kept"), "create table numbers as select 7 as n")

    assert await ask(postgres.database("kept"), "select n from numbers") == 7


async def test_a_dropped_database_can_be_made_anew(postgres: Postgres) -> None:
    await ask(postgres.database("dropped"), "create table numbers (n int)")
    postgres.drop("dropped")

    assert await ask(postgres.database("dropped"), "select to_regclass('numbers')") is None


@pytest.mark.parametrize("interruption", ["kill", "restart", "stop"])
async def test_what_was_committed_outlives(interruption: str, tmp_path: Path) -> None:
    with Postgres(tmp_path / "data") as server:
        url = server.database("shop")
        await ask(url, "create table numbers as select 7 as n")
        getattr(server, interruption)()
        server.start()

        assert await ask(url, "select n from numbers") == 7


async def test_writes_reach_the_disk_before_they_are_answered(postgres: Postgres) -> None:
    assert await ask(postgres.url("postgres"), "select current_setting('fsync')") == "on"
    assert await ask(postgres.url("postgres"), "select current_setting('synchronous_commit')") == "on"


async def test_a_deep_folder_does_not_make_the_socket_unreachable(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with Postgres(deep) as server:
        assert await ask(server.database("shop"), "select 1") == 1


def test_a_database_name_cannot_carry_a_statement(postgres: Postgres) -> None:
    with pytest.raises(ValueError, match="plain lower-case"):
        postgres.database('x"; drop database kept; --')


def test_a_missing_template_is_named(postgres: Postgres) -> None:
    with pytest.raises(ProcessError, match="nowhere"):
        postgres.database("orphan", template="nowhere")


def test_a_temporary_server_leaves_nothing_behind() -> None:
    server = Postgres()
    server.start()
    data = Path(server.run("show data_directory"))
    server.stop()

    assert not data.exists()


def test_the_server_counts_its_memory(postgres: Postgres) -> None:
    assert postgres.process is not None
    assert memory_bytes([postgres.process]) > 1_000_000


@pytest.mark.parametrize(("enough_bytes", "lies_there"), [(0, True), (2**62, False)])
def test_what_is_forgotten_anyway_lies_in_memory_where_there_is_enough(
    enough_bytes: int, lies_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.postgres.MEMORY", tmp_path)
    monkeypatch.setattr("deploy.local.postgres.ENOUGH_MEMORY_BYTES", enough_bytes)
    with Postgres(durable=False) as server:
        assert bool(list(tmp_path.glob("rapport-postgres-*"))) is lies_there
        assert server.run("select 1") == "1"
    assert not list(tmp_path.iterdir())
