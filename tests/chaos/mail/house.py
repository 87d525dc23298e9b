"""The house of a run: broker, PostgreSQL, mail server, notifiers. Owns how they are started and with which settings."""

import asyncio
import os
import secrets
import shutil
import sys
from base64 import b64encode
from pathlib import Path

from deploy.local.broker import broker, kind_from
from deploy.local.ports import HOST, free_ports
from deploy.local.postgres import Postgres
from deploy.local.processes import Process
from deploy.local.stack import REPOSITORY
from tests.chaos.records import PARTITIONS

NOTIFIERS = 3
LEASE_S = 5.0
SESSION_TIMEOUT_MS = 3_000
POLICY = """
version: chaos
quiet_hours: {begins: 00:00, ends: 00:00}
group_window: 0 minutes
budget: {day: 1000, week: 1000, day_kept_for_issues: 1, week_kept_for_issues: 1}
caps: {loyalty: {day: 1000, week: 1000}}
"""
"""Nothing that was asked for is held back."""


class House:
    """Everything of one run below `folder`, which is wiped first."""

    def __init__(self, folder: Path, plant: str | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.control = folder, folder / "control"
        self.control.mkdir()
        self.broker = broker(kind_from(os.environ), folder / "kafka", log=folder / "logs" / "kafka.log", environment={})
        # nothing here cuts the power, and what a killed process has written is in the system's hands
        self.postgres = Postgres(folder / "postgres", log=folder / "logs" / "postgres.log", durable=False)
        (self._smtp_port,) = free_ports(1)
        arguments = [str(self._smtp_port), str(folder / "ledger"), str(self.control)]
        self.mail_server = self._process("mail-server", ["tests.chaos.mail.server", *arguments])
        (folder / "ledger").touch()
        (folder / "policy.yaml").write_text(POLICY)
        self._plant = plant or ""
        self._link_keys = f"chaos:{secrets.token_hex(32)}"
        one, other = (b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
        self._keys = (f"chaos:{one}", other)
        self.notifiers: list[Process] = []

    def start(self) -> None:
        """Returns when everybody is started; the notifiers become ready by and by."""
        self.postgres.start()
        self.broker.start()
        self.mail_server.start()
        topics = ["chassis.topics", "--bootstrap", self.broker.bootstrap, "--partitions", str(PARTITIONS)]
        self._process("topics", topics).complete()
        self.postgres.database("notifier")
        self._process("migrate", ["notifier", "migrate"], self._environment("migrate")).complete()
        for number in range(1, NOTIFIERS + 1):
            name = f"notifier-{number}"
            process = self._process(name, ["tests.chaos.mail.victim", "worker"], self._environment(name))
            self.notifiers.append(process)
            process.start()

    def stop(self) -> None:
        """Ends everything."""
        for process in self.notifiers:
            process.kill()
        self.mail_server.stop()
        self.broker.stop()
        self.postgres.stop()

    def stop_postgres(self) -> None:
        """In good order, its folder and address kept for the next start."""
        if self.postgres.process is not None:
            self.postgres.process.stop()

    async def keep(self) -> None:
        """Until cancelled: who ended is started again, as an orchestrator does."""
        while True:
            await asyncio.sleep(0.05)
            for process in self.notifiers:
                if not process.running:
                    await asyncio.to_thread(process.start)

    def _process(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Process:
        log = self.folder / "logs" / f"{name}.log"
        whole = [sys.executable, "-m", *command]
        return Process(name, whole, log=log, environment=environment, folder=REPOSITORY)

    def _environment(self, name: str) -> dict[str, str]:
        return {
            "CLOCK": "real",
            "PARTITIONS": str(PARTITIONS),
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "KAFKA_IDEMPOTENT_PRODUCER": str(self.broker.idempotent_producer).lower(),
            "KAFKA_SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
            "LINK_KEYS": self._link_keys,
            "NOTIFIER_MASTER_KEYS": self._keys[0],
            "NOTIFIER_ADDRESS_KEY": self._keys[1],
            "HTTP_PORT": str(free_ports(1)[0]),
            "NOTIFIER_DATABASE_URL": self.postgres.url("notifier"),
            "NOTIFIER_POLICY_FILE": str(self.folder / "policy.yaml"),
            "NOTIFIER_LEASE_S": str(LEASE_S),
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(self._smtp_port),
            "SMTP_TIMEOUT_S": "5",
            "CHAOS_FOLDER": str(self.control),
            "CHAOS_WORKER": name,
            "CHAOS_PLANT": self._plant,
        }
