"""All processes of the four services as they stand in production: one `api` and some workers each. Replaces them."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import HOST, free_ports
from deploy.local.processes import Process
from deploy.local.stack import READY_S, REPOSITORY, SERVICES, Stack

GRACE_S = 40.0
"""What docs/operations.md asks to be allowed between SIGTERM and SIGKILL."""


@dataclass(frozen=True)
class Replaced:
    """One process that was ended and started again; moments of `time.monotonic()`."""

    member: str
    service: str
    is_worker: bool
    asked_at_s: float
    ended_at_s: float
    ready_at_s: float


class Member:
    """One process."""

    def __init__(self, stack: Stack, service: str, role: str, number: int, port: int) -> None:
        self.service = service
        self.role = role
        self.name = f"{service}-{role}-{number}"
        self.url = f"http://{HOST}:{port}"
        self.process = self._process_of(stack, port)
        self._stack = stack
        self._port = port

    @property
    def is_worker(self) -> bool:
        """Whether it folds events."""
        return self.role == "worker"

    def start(self) -> None:
        """Returns when it is ready."""
        self.process.start()
        self.process.wait_healthy(f"{self.url}/health/ready", READY_S)

    def run_release(self, migrations: Path | None) -> None:
        """From its next start on be the release that knows these migrations; None: the one of this repository."""
        self.process = self._process_of(self._stack, self._port, migrations)

    def _process_of(self, stack: Stack, port: int, migrations: Path | None = None) -> Process:
        started = [self.service] if migrations is None else ["deploy.local.rehearse.release", self.service, migrations]
        command: Sequence[str | Path] = [sys.executable, "-m", *started, self.role]
        environment = stack.environment_of(self.service, port)
        return Process(self.name, command, log=stack.log(self.name), environment=environment, folder=REPOSITORY)


class Crew:
    """Every process of the services of a stack."""

    def __init__(self, stack: Stack, workers: int) -> None:
        self.members = [
            Member(stack, service, role, number, port)
            for service in SERVICES
            for role, number, port in _places(stack, service, workers)
        ]

    def of(self, service: str) -> list[Member]:
        """Those of one service, its api first."""
        return [member for member in self.members if member.service == service]

    def check(self) -> None:
        """Raises `ProcessError` for one that died."""
        for member in self.members:
            member.process.check()


def _places(stack: Stack, service: str, workers: int) -> Iterator[tuple[str, int, int]]:
    yield "api", 1, getattr(stack.ports, service)
    for number, port in enumerate(free_ports(workers), start=1):
        yield "worker", number, port


@contextmanager
def at_work(crew: Crew) -> Iterator[None]:
    """Everybody is ready inside of the block and gone behind it."""
    try:
        with ThreadPoolExecutor(len(crew.members)) as pool:
            list(pool.map(Member.start, crew.members))
        yield
    finally:
        with ThreadPoolExecutor(len(crew.members)) as pool:
            list(pool.map(lambda member: member.process.stop(GRACE_S), crew.members))


def replace(member: Member, migrations: Path | None = None, *, end_with: signal.Signals = signal.SIGTERM) -> Replaced:
    """End a process, and start it again when it is gone; blocks until it is ready."""
    asked_at_s = time.monotonic()
    if end_with is signal.SIGKILL:
        member.process.kill()
    else:
        member.process.stop(GRACE_S)
    ended_at_s = time.monotonic()
    member.run_release(migrations)
    member.start()
    return Replaced(member.name, member.service, member.is_worker, asked_at_s, ended_at_s, time.monotonic())
