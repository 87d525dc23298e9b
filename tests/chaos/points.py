"""Named points at which a worker is struck, and how supervisor and workers speak of it: small files in one folder.

The supervisor places one order per service; the first worker that reaches the point often enough claims it, notes it
and strikes itself. Owns the protocol; must not know the services.
"""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

POINTS = (
    "after_poll",
    "inside_transaction",
    "before_database_commit",
    "after_database_commit",
    "before_kafka_commit",
    "relay_before_ack",
    "relay_after_ack",
    "on_revoke",
)
KILL, FREEZE = "kill", "freeze"


@dataclass(frozen=True)
class Order:
    """Strike whoever reaches `point` for the `hits`-th time from now."""

    number: int
    point: str
    hits: int
    action: str


class Mailbox:
    """The supervisor's side, for one service."""

    def __init__(self, folder: Path, service: str) -> None:
        self._order = folder / f"{service}.order.json"
        self._answers = folder / service
        self._answers.mkdir(parents=True, exist_ok=True)

    def place(self, order: Order) -> None:
        """From now on the order waits for somebody."""
        new = self._order.with_suffix(".new")
        new.write_text(json.dumps(asdict(order)))
        new.rename(self._order)

    def withdraw(self) -> bool:
        """Whether nobody had claimed it."""
        try:
            self._order.unlink()
        except FileNotFoundError:
            return False
        return True

    def struck(self, number: int) -> str | None:
        """The worker that carried the order out."""
        answer = self._answers / f"{number}.struck"
        return answer.read_text() if answer.exists() else None

    def struck_at_ns(self, number: int) -> int:
        """When it was carried out, in nanoseconds since 1970."""
        return (self._answers / f"{number}.struck").stat().st_mtime_ns


class Journal:
    """What a worker notes; one line at once, so that what was noted before a kill is there."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, **what: Any) -> None:
        """One line."""
        os.write(self._file, json.dumps(what).encode() + b"\n")


def strike(pid: int, action: str) -> None:
    """What is done to a process."""
    os.kill(pid, signal.SIGKILL if action == KILL else signal.SIGSTOP)


class Conscience:
    """The worker's side: looks at every point whether it is to be struck there."""

    def __init__(self, folder: Path, service: str, worker: str) -> None:
        self._path = folder / f"{service}.order.json"
        self._answers = folder / service
        self._worker = worker
        self._order: Order | None = None
        self._left = 0

    def reach(self, point: str) -> None:
        """May not return."""
        order = self._read()
        if order is None or order.point != point:
            return
        self._left -= 1
        if self._left <= 0 and self._claim(order, self._worker):
            strike(os.getpid(), order.action)
            time.sleep(0.01)  # a signal to oneself comes before the next line, but not before the next instruction

    def reach_of(self, pid: int, point: str) -> bool:
        """Another process has come to `point`, which this one sees; whether it was struck."""
        order = self._read()
        if order is None or order.point != point:
            return False
        self._left -= 1
        if self._left > 0 or not self._claim(order, str(pid)):
            return False
        strike(pid, order.action)
        return True

    def _read(self) -> Order | None:
        try:
            order = Order(**json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None
        if self._order != order:
            self._order, self._left = order, order.hits
        return order

    def _claim(self, order: Order, struck: str) -> bool:
        try:
            self._path.rename(self._answers / f"{order.number}.claimed")
        except FileNotFoundError:
            return False
        answer = self._answers / f"{order.number}.new"
        answer.write_text(struck)
        answer.rename(self._answers / f"{order.number}.struck")
        return True
