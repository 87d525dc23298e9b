"""The commands of docs/operations.md for backups: the long one without keys, the short one of keys, and back again."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from chassis.runtime import Runtime
from deploy.local.postgres import Postgres, _programs
from notifier.app import application
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, confirmed, erased, hour, known
from tests.notifier.persons import person_of
from tests.running import rows
from tests.sources import ROOT

PAGE = ROOT / "docs" / "operations.md"


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(application, CLOCK="simulated")


def commands(under: str) -> list[str]:
    """The shell commands of the code block below this heading of the page."""
    found = re.search(rf"^#+ {under}\n.*?```sh\n(.*?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"{PAGE} has no commands under {under}"
    return found[1].strip().splitlines()


async def shell(runtime: Runtime, postgres: Postgres, folder: Path, lines: list[str]) -> None:
    """As somebody would type them, with the database's own name."""
    environment = {
        "PATH": f"{_programs()}:/usr/bin:/bin",
        "PGHOST": str(postgres._sockets()),
        "PGUSER": "postgres",
        "PGDATABASE": str(runtime.engine.url.database),
    }
    await runtime.engine.dispose()
    for line in lines:
        command = ["sh", "-ec", line]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"


async def test_a_long_backup_holds_no_key_and_a_restored_one_reads_with_the_short_one(
    runtime: Runtime, postgres: Postgres, tmp_path: Path
) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    await shell(runtime, postgres, tmp_path, commands("Backups"))
    long, short = (tmp_path / name for name in ("notifier.dump", "notifier-keys.dump"))
    assert long.stat().st_size > short.stat().st_size > 0
    wrapped = (await rows(runtime, "select wrapped from keys.people"))[0]["wrapped"]
    plain = tmp_path / "plain.sql"
    await shell(runtime, postgres, tmp_path, [f"pg_restore --file={plain.name} {long.name}"])
    assert wrapped.hex() not in plain.read_text()
    assert "create schema keys" in plain.read_text().lower()

    await runtime.fold([erased(12)], until=hour(13))
    await shell(runtime, postgres, tmp_path, ['dropdb --force "$PGDATABASE"', *commands("Restoring the notifier")])
    assert (await person_of(runtime, ADA)).email == "ada@example.org"


async def test_of_who_was_erased_since_only_the_newest_keys_are_put_back(
    runtime: Runtime, postgres: Postgres, tmp_path: Path
) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    long, short = commands("Backups")
    await shell(runtime, postgres, tmp_path, [long])
    await runtime.fold([erased(12)], until=hour(13))
    await shell(runtime, postgres, tmp_path, [short])
    await shell(runtime, postgres, tmp_path, ['dropdb --force "$PGDATABASE"', *commands("Restoring the notifier")])
    assert (await person_of(runtime, ADA)).erased
    assert [row["erased"] for row in await rows(runtime, "select erased from people")] == [
        False
    ]  # it lies there, unread
