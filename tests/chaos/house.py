"""The house of a run: PostgreSQL, Apache Kafka, the databases and topics, and the workers of the two services.

Owns how they are started and with which settings. Must not know why they are ended.
"""

import asyncio
import secrets
import shutil
import sys
from pathlib import Path

from deploy.local.apache import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, answers_ok
from deploy.local.stack import REPOSITORY
from tests.chaos.records import PARTITIONS

SERVICES = ("orders_listener", "loyalty")
WORKERS = 3
SESSION_TIMEOUT_S = 4.0
SETTINGS = {
    "CLOCK": "simulated",
    "PARTITIONS": str(PARTITIONS),
    "KAFKA_SESSION_TIMEOUT_MS": str(int(SESSION_TIMEOUT_S * 1_000)),
    "LOG_LEVEL": "INFO",
    "ORDERS_LISTENER_BATCH_ITEMS": "300",
    "LOYALTY_BATCH_ITEMS": "300",
}
POLICY = """
version: chaos
warning_lead: 1 hour
scan_silence: 30 days
limits: {handover: 9999 days, handover_after_ship_by: 9999 days, pickup: 9999 days, transit: 9999 days,
  transit_abroad: 9999 days, lost: 9999 days, rest: 9999 days}
"""
"""Of all silences only that of money is ever too long in the scenario."""


class House:
    """Everything of one run below `folder`, which is wiped first."""

    def __init__(self, folder: Path, plant: str | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        self.server_log = folder / "logs" / "postgres.log"
        self.broker = ApacheKafka(folder / "kafka")
        # nothing here cuts the power, and what a killed process has written is in the system's hands
        self.postgres = Postgres(folder / "postgres", log=self.server_log, durable=False)
        self.control = folder / "control"
        self.control.mkdir()
        self._policy = folder / "policy.yaml"
        self._policy.write_text(POLICY, encoding="utf-8")
        self._plant = plant
        self._link_keys = f"chaos:{secrets.token_hex(32)}"

    def start(self) -> None:
        """Returns when both are ready for the workers."""
        self.postgres.start()
        self.broker.start()
        command = [sys.executable, "-m", "chassis.topics", "--bootstrap", self.broker.bootstrap]
        self._complete("topics", [*command, "--partitions", str(PARTITIONS)])
        for service in SERVICES:
            self.postgres.database(service)
            settings = self._environment(service, self.postgres.url(service), port=free_ports(1)[0])
            self._complete(f"{service}-migrate", [sys.executable, "-m", service, "migrate"], settings)

    def stop(self) -> None:
        """Ends the foundations; the workers are somebody else's."""
        self.broker.stop()
        self.postgres.stop()

    @property
    def sockets(self) -> Path:
        """Where PostgreSQL listens."""
        return self.postgres._sockets()

    def worker(self, service: str, number: int, door: Path | None = None) -> "Worker":
        """A worker of a service, not started; through `door` instead of PostgreSQL's own socket."""
        return Worker(self, service, number, door)

    def anybody_overtaken(self) -> bool:
        """Whether a worker has found its positions moved by another owner."""
        return any(b"positions_moved" in journal.read_bytes() for journal in self.control.glob("*.journal"))

    def url(self, service: str, door: Path | None = None) -> str:
        """The address of a service's database."""
        url = self.postgres.url(service)
        return url if door is None else f"{url.partition('?')[0]}?host={door}"

    def _environment(self, service: str, url: str, port: int) -> dict[str, str]:
        return SETTINGS | {
            "LINK_KEYS": self._link_keys,
            "ORDERS_LISTENER_POLICY_FILE": str(self._policy),
            "HTTP_PORT": str(port),
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            f"{service.upper()}_DATABASE_URL": url,
            "CHAOS_FOLDER": str(self.control),
            "CHAOS_PLANT": self._plant or "",
        }

    def _complete(self, name: str, command: list[str], settings: dict[str, str] | None = None) -> None:
        log = self.folder / "logs" / f"{name}.log"
        Process(name, command, log=log, environment=settings, folder=REPOSITORY).complete()


class Worker:
    """One worker process, started again as often as one likes."""

    def __init__(self, house: House, service: str, number: int, door: Path | None) -> None:
        self.service = service
        self.name = f"{service}-{number}"
        (port,) = free_ports(1)
        self._url = f"http://127.0.0.1:{port}/health/"
        environment = house._environment(service, house.url(service, door), port) | {"CHAOS_WORKER": self.name}
        command = [sys.executable, "-m", "tests.chaos.victim", service, "worker"]
        log = house.folder / "logs" / f"{self.name}.log"
        self.process = Process(self.name, command, log=log, environment=environment, folder=REPOSITORY)
        self.is_frozen = False

    async def start(self) -> None:
        """Starts it (again); does not wait until it is ready."""
        self.is_frozen = False
        await asyncio.to_thread(self.process.start)

    async def is_alive(self) -> bool:
        """What a liveness probe sees: a process that answers, and does not think itself stuck."""
        return await asyncio.to_thread(answers_ok, self._url + "live")

    async def is_ready(self) -> bool:
        """What a readiness probe sees."""
        return await asyncio.to_thread(answers_ok, self._url + "ready")
