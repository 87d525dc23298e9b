"""The whole of Rapport on one machine: PostgreSQL, broker, mailbox and the four services, started and ended together.

Gives the services their settings by environment; must not know what they do with them. The state of a run lives in
its folder, which is wiped at the next start.
"""

import os
import secrets
import shutil
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Self

from chassis.api_keys import Key
from deploy.local.access import admit
from deploy.local.broker import Broker, broker, kind_from
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, memory_bytes

REPOSITORY = Path(__file__).parents[2]
RUN = REPOSITORY / "build" / "run"
SERVICES = ("orders_listener", "feedback", "loyalty", "notifier")  # in the order in which facts flow
READY_S = 60
PARTITIONS = 3
FAST = "10000"  # a simulated week passes in a second, and all its customers come from one address
SESSION_TIMEOUT_MS = 6_000  # Tansu takes half of it to let a worker join; a busy laptop needs the other half


class Stack:
    """One run. `settings` are added to the environment: those of the services, and `KAFKA`, `LOYALTY_DATABASE_URL`, …

    Raises `PortError` or `ProcessError` from `start`, and then nothing is left running.
    """

    def __init__(
        self,
        *,
        folder: Path = RUN,
        ports: Ports | None = None,
        settings: Mapping[str, str] | None = None,
        services: Sequence[str] = SERVICES,
        admit: Callable[[Key, Mapping[str, str]], None] = admit,
    ) -> None:
        self.folder = folder
        self._environment = {**os.environ, **(settings or {})}
        self.ports = ports or Ports.from_environment(self._environment)
        self.broker: Broker = broker(
            kind_from(self._environment),
            folder / "kafka",
            self.ports.kafka,
            log=self.log("kafka"),
            environment=self._environment,
        )
        self.postgres = Postgres(folder / "postgres", log=self.log("postgres"))
        self.mailbox = self._mailbox()
        self.services: dict[str, Process] = {}
        self._names = tuple(services)
        self._admit = admit
        self.key = Key.new()
        """Opens every route of every service of this run."""
        self._keys = _keys_of_a_run(self._environment)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when every service is ready. Looks at the ports before it touches anything."""
        self.prepare()
        try:
            self.services = {name: self._process(name) for name in self._names}
            _at_once([partial(self.start_service, name) for name in self._names])
        except BaseException:
            self.stop()
            raise

    def prepare(self) -> None:
        """All but the services: PostgreSQL with migrated databases, broker with topics, mailbox."""
        self.ports.check(self._parts_with_ports())
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self._start_foundations()
            self._create_topics()
            _at_once([self._process(name, "migrate").complete for name in self._names])
            databases = {name: self.database_url(name) for name in self._names}
            _at_once([partial(self._admit, self.key, databases)])  # on a thread: who starts us may be a loop's task
        except BaseException:
            self.stop()
            raise

    def start_service(self, name: str) -> None:
        """Starts one service (again) and waits until it is ready."""
        self.services[name].start()
        self.services[name].wait_healthy(f"{self.url(name)}/health/ready", READY_S)

    def stop(self) -> None:
        """Ends everything, the services first. Does nothing for what does not run."""
        _at_once([process.stop for process in self.services.values()])
        self.mailbox.stop()
        self.broker.stop()
        self.postgres.stop()

    def check(self) -> None:
        """Raises `ProcessError` for the first child that died: with its name, exit code and the end of its log."""
        for process in self._processes():
            process.check()

    def memory_bytes(self) -> int:
        """Proportional memory of everything that this run started."""
        return memory_bytes(self._processes())

    def url(self, service: str) -> str:
        """Where a service answers."""
        return f"http://{HOST}:{getattr(self.ports, service)}"

    @property
    def master_keys(self) -> str:
        """Those that personal data of this run lie under."""
        return self.environment_of("notifier")["NOTIFIER_MASTER_KEYS"]

    @property
    def authorization(self) -> dict[str, str]:
        """The header that shows this run's key."""
        return {"Authorization": f"Bearer {self.key.written()}"}

    @property
    def mailbox_url(self) -> str:
        """The mailbox's page; the messages are at `/messages.json?after=0`."""
        return f"http://{HOST}:{self.ports.mailbox_web}"

    def database_url(self, service: str) -> str:
        """The service's database: the user's if `<SERVICE>_DATABASE_URL` names one, else an embedded one."""
        return self._environment.get(_database_setting(service)) or self.postgres.url(service)

    def log(self, name: str) -> Path:
        """The log file of a part."""
        return self.folder / "logs" / f"{name.replace('_', '-')}.log"

    def environment_of(self, service: str, port: int | None = None) -> dict[str, str]:
        """All settings of a process of this service; a second worker needs a `port` of its own."""
        return {
            "CLOCK": "real",
            "PARTITIONS": str(PARTITIONS),
            "KAFKA_SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
            "HTTP_CLIENT_PER_S": FAST,
            "HTTP_ADDRESS_PER_S": FAST,
            **self._keys,
            **{f"PUBLIC_URL_{name.upper()}": self.url(name) for name in SERVICES},
            "NOTIFIER_FEEDBACK_URL": self.url("feedback"),
            "NOTIFIER_PAGES_URL": self.url("notifier"),
            **self._environment,
            "HTTP_PORT": str(port or getattr(self.ports, service)),
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "KAFKA_IDEMPOTENT_PRODUCER": str(self.broker.idempotent_producer).lower(),
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(self.ports.mailbox_smtp),
            _database_setting(service): self.database_url(service),
        }

    def _start_foundations(self) -> None:
        embedded = [name for name in self._names if not self._environment.get(_database_setting(name))]
        starts: list[Callable[[], object]] = [self.broker.start, self._start_mailbox]
        _at_once([*starts, self.postgres.start] if embedded else starts)
        for name in embedded:
            self.postgres.database(name)

    def _create_topics(self) -> None:
        number = self._environment.get("PARTITIONS", str(PARTITIONS))
        command = [sys.executable, "-m", "chassis.topics", "--bootstrap", self.broker.bootstrap, "--partitions", number]
        Process("topics", command, log=self.log("topics"), folder=REPOSITORY).complete()

    def _start_mailbox(self) -> None:
        self.mailbox.start()
        self.mailbox.wait_healthy(f"{self.mailbox_url}/health", READY_S)

    def _mailbox(self) -> Process:
        ports = ["--smtp-port", str(self.ports.mailbox_smtp), "--web-port", str(self.ports.mailbox_web)]
        command = [sys.executable, "-m", "deploy.local.mailbox", *ports, "--folder", str(self.folder / "mailbox")]
        return Process("mailbox", command, log=self.log("mailbox"), folder=REPOSITORY)

    def _process(self, service: str, *arguments: str) -> Process:
        name = "-".join((service.replace("_", "-"), *arguments))
        command = [sys.executable, "-m", service, *arguments]
        environment = self.environment_of(service)
        return Process(name, command, log=self.log(name), environment=environment, folder=REPOSITORY)

    def _processes(self) -> list[Process]:
        ours = [*self.services.values(), self.mailbox]
        ours += [self.broker.process] if self.broker.process else []
        return [*ours, self.postgres.process] if self.postgres.process else ours

    def _parts_with_ports(self) -> list[str]:
        parts = [*self._names, "mailbox_smtp", "mailbox_web"]
        return parts if self._environment.get("KAFKA_BOOTSTRAP_SERVERS") else [*parts, "kafka"]


def _keys_of_a_run(environment: Mapping[str, str]) -> dict[str, str]:
    """New secrets, gone with the run's folder. A database that outlives the run needs personal keys that do, too."""
    keys = {"LINK_KEYS": f"local:{secrets.token_hex(32)}"}
    if not environment.get(_database_setting("notifier")):
        keys["NOTIFIER_MASTER_KEYS"] = f"local:{b64encode(secrets.token_bytes(32)).decode()}"
        keys["NOTIFIER_ADDRESS_KEY"] = b64encode(secrets.token_bytes(32)).decode()
    return keys


def _database_setting(service: str) -> str:
    return f"{service.upper()}_DATABASE_URL"


def _at_once(tasks: Sequence[Callable[[], object]]) -> None:
    """Runs the tasks side by side, then raises the first error. Ctrl-C does not wait for those under way."""
    pool = ThreadPoolExecutor(max(1, len(tasks)))
    try:
        outcomes = [pool.submit(task) for task in tasks]
        wait(outcomes)
        for outcome in outcomes:
            outcome.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
