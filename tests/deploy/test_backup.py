"""docs/backup.md, followed: its commands are run as they stand there, and what they bring back is compared."""

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from toy.app import SERVICE, application

from chassis.migrations import upgrade
from chassis.runtime import Runtime
from deploy.local.broker import Broker
from deploy.local.postgres import Postgres, _programs
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.chassis.shop import placed
from tests.conftest import LINK_KEYS
from tests.running import publish, rows, running

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text()
TAKE, PUT_BACK, DUMP, PUT_BACK_A_DUMP = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
ARCHIVE_COMMAND = re.findall(r"archive_command = '(.*)'", PAGE)[0]
CONCLUDED = (
    "select customer_id, seen from counted order by 1",
    "select reference, customer_id, what from effects order by 1",
    "select customer_id, subject, rule, outcome, reason, at, cause_id, root_id from decisions order by at, subject",
    "select customer_id, kind, subject, due_at, set_by from deadlines order by 1, 2, 3",
    "select topic, partition, next_offset, consumed, applied from positions order by 1, 2",
    "select event_id, source, content_hash, at from inbox order by 1, 2",
)


@dataclass
class Place:
    """Folders that the server's user may use."""

    folder: Path

    def run(self, commands: str, server: Postgres, **names: Path | str) -> None:
        """Commands of the page, as whoever runs the server."""
        environment = {name: str(value) for name, value in names.items()}
        environment |= {"PATH": f"{_programs()}:/usr/bin:/bin", "PGHOST": str(server._sockets()), "PGUSER": "postgres"}
        subprocess.run(  # noqa: S603 commands of our own page
            ["/bin/sh", "-euc", commands], env=environment, check=True, user=server._user, timeout=120, cwd="/"
        )


@pytest.fixture
def place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="rapport-backup-", dir="/tmp"))
    folder.chmod(0o777)
    yield Place(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def archive(place: Place) -> Path:
    folder = place.folder / "archive"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def archiving(place: Place, archive: Path) -> Iterator[Postgres]:
    """A server with the settings of the page."""
    command = ARCHIVE_COMMAND.replace("ARCHIVE", str(archive))
    settings = {"archive_mode": "on", "archive_timeout": "60", "archive_command": command}
    with Postgres(place.folder / "lost", settings=settings) as server:
        yield server


def runtime_at(url: str, kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    environment: Mapping[str, str] = {
        "TOY_DATABASE_URL": url,
        "TOY_CONSUMER_GROUP": f"toy-{abs(hash(url))}",
        "LINK_KEYS": LINK_KEYS,
        "PARTITIONS": str(PARTITIONS),
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "KAFKA_IDEMPOTENT_PRODUCER": str(kafka.idempotent_producer),
        "KAFKA_SESSION_TIMEOUT_MS": str(session_timeout_ms(kafka)),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    composed = application()
    return Runtime.of(composed.service, composed.settings)


async def hear(runtime: Runtime, number: int) -> None:
    """Work until so many events were heard and what they set is done."""
    async with running(runtime) as service:
        await service.consumed(number)

        async def done() -> bool:
            return not await rows(runtime, "select 1 from outbox union all select 1 from deadlines")

        await service.until(done)


async def concluded(runtime: Runtime) -> list[list[dict[str, object]]]:
    return [await rows(runtime, query) for query in CONCLUDED]


def orders(first: int) -> list[object]:
    return [placed(f"customer-{number % 7}", f"o{number}") for number in range(first, first + 20)]


async def test_a_lost_server_is_put_back_as_of_a_moment_and_catches_up_to_the_same_rows(
    archiving: Postgres, place: Place, archive: Path, kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = archiving.database("toy")
    await asyncio.to_thread(upgrade, url, SERVICE.migrations)
    runtime = runtime_at(url, kafka, monkeypatch)
    await publish(kafka.bootstrap, *orders(0))
    await hear(runtime, 20)
    backup = place.folder / "backup"
    await asyncio.to_thread(place.run, TAKE, archiving, BACKUP=backup)
    await publish(kafka.bootstrap, *orders(20))
    await hear(runtime, 40)
    [moment] = await rows(runtime, "select cast(clock_timestamp() as text) as now")
    at_the_moment = await concluded(runtime)
    await publish(kafka.bootstrap, *orders(40))
    await hear(runtime, 60)
    wanted = await concluded(runtime)
    await rows(runtime, "select pg_switch_wal()")
    await archived(runtime)
    await runtime.close()
    archiving.kill()

    names = {"BACKUP": backup, "RESTORED": place.folder / "back", "ARCHIVE": archive, "MOMENT": str(moment["now"])}
    await asyncio.to_thread(place.run, PUT_BACK, archiving, **names)
    with Postgres(place.folder / "back") as restored:
        again = runtime_at(restored.url("toy"), kafka, monkeypatch)
        assert await concluded(again) == at_the_moment
        await hear(again, 60)
        assert await concluded(again) == wanted
        await again.close()


async def archived(runtime: Runtime) -> None:
    """Wait until every full piece is in the archive."""
    for _ in range(200):
        [state] = await rows(runtime, "select last_archived_wal as last, pg_walfile_name(pg_current_wal_lsn()) as now "
                                      "from pg_stat_archiver")  # fmt: skip
        if state["last"] and str(state["last"])[:24] >= f"{int(str(state['now']), 16) - 1:024X}":
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nothing is archived")


async def test_a_dump_brings_back_every_row_and_every_month(
    archiving: Postgres, place: Place, kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = archiving.database("toy")
    await asyncio.to_thread(upgrade, url, SERVICE.migrations)
    runtime = runtime_at(url, kafka, monkeypatch)
    await publish(kafka.bootstrap, *orders(0))
    await hear(runtime, 20)
    wanted = await concluded(runtime)
    parts = "select inhparent::regclass::text as t, inhrelid::regclass::text as part from pg_inherits order by 1, 2"
    months = await rows(runtime, parts)
    await runtime.close()
    dump = place.folder / "toy.dump"
    await asyncio.to_thread(place.run, DUMP, archiving, DUMP=dump, DATABASE="toy")
    await asyncio.to_thread(place.run, PUT_BACK_A_DUMP, archiving, DUMP=dump, DATABASE="again")
    again = runtime_at(archiving.url("again"), kafka, monkeypatch)
    assert await concluded(again) == wanted
    assert [one for one in await rows(again, parts) if not one["part"].endswith("key")] == months
    await publish(kafka.bootstrap, *orders(20))
    await hear(again, 40)
    await again.close()
