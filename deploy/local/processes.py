"""Child processes that never outlive us: start, log, health, end, memory. Knows nothing about what they do.

Each child leads a process group of its own. A watchman (see `watchman.py`) ends the groups when this process
dies without having done so itself.
"""

import atexit
import contextlib
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

TAIL_LINES = 20


class ProcessError(RuntimeError):
    """A child died or did not become ready; the message has its name, exit code and the end of its log."""


class _Watch:
    """The children that run now, and the pipe to our watchman, who is hired with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchman: subprocess.Popen[str] | None = None
        self._children: dict[int, Process] = {}

    def watch(self, pid: int, child: "Process", crash_with: signal.Signals) -> None:
        self._children[pid] = child
        self._tell(f"watch {pid} {int(crash_with)}")

    def forget(self, pid: int) -> None:
        self._children.pop(pid, None)
        self._tell(f"forget {pid}")

    def _tell(self, line: str) -> None:
        with self._lock:
            pipe = self._pipe()
            pipe.write(line + "\n")
            pipe.flush()

    def _pipe(self) -> IO[str]:
        if self._watchman is None:
            self._watchman = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchman.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd="/",
                start_new_session=True,
            )
            atexit.register(self._close, self._watchman)
        assert self._watchman.stdin is not None  # noqa: S101 - Popen was asked for a pipe
        return self._watchman.stdin

    def _close(self, watchman: subprocess.Popen[str]) -> None:
        for child in list(self._children.values()):
            child.stop(timeout_s=2)
        watchman.communicate()


_watch = _Watch()


class Process:
    """One child with a log file. `start`, `stop` and `kill` may follow each other any number of times."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        end_with: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        crash_with: signal.Signals = signal.SIGKILL,
    ) -> None:
        """`environment` is added to ours. `end_with` asks it to leave; `crash_with` ends it if we die."""
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._environment = environment or {}
        self._folder = folder
        self._end_with = end_with
        self._crash_with = crash_with
        self._user = user
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None before the start and after the end that we asked for."""
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        """Whether the child is alive now."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Starts the child; its output is appended to the log."""
        if self.running:
            return
        self.kill()  # what a crashed predecessor left behind
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                cwd=self._folder,
                start_new_session=True,
                user=self._user,
                group=group_of(self._user),
                extra_groups=[] if self._user else None,
            )
        _watch.watch(self._child.pid, self, self._crash_with)

    def check(self) -> None:
        """Raises `ProcessError` when the child has ended without being asked."""
        if self._child is not None and (code := self._child.poll()) is not None:
            raise ProcessError(f"{self.name} ended with exit code {code}; the end of {self.log}:\n{self.tail()}")

    def complete(self, timeout_s: float = 60) -> None:
        """Runs the child to its end; raises `ProcessError` unless that is exit code 0 within `timeout_s`."""
        self.start()
        assert self._child is not None  # noqa: S101 - just started
        try:
            if self._child.wait(timeout_s) != 0:
                self.check()
        except subprocess.TimeoutExpired:
            raise ProcessError(f"{self.name} is not done after {timeout_s:g} s:\n{self.tail()}") from None
        finally:
            self.kill()

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = 30, pause_s: float = 0.02) -> None:
        """Polls `ready`; raises `ProcessError` as soon as the child dies, or when `timeout_s` have passed."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.name} is not ready after {timeout_s:g} s:\n{self.tail()}")
            time.sleep(pause_s)

    def wait_healthy(self, url: str, timeout_s: float = 30) -> None:
        """Waits until `GET url` answers 200."""
        self.wait_until(lambda: answers_ok(url), timeout_s, pause_s=0.05)

    def stop(self, timeout_s: float = 10) -> None:
        """Asks the child to end, insists after `timeout_s`, and clears its whole process group."""
        if self._child is None:
            return
        if self.running:
            self._child.send_signal(self._end_with)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for the child and everything in its process group."""
        if self._child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._forget()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of the log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _forget(self) -> None:
        if self._child is not None:
            _watch.forget(self._child.pid)
            self._child = None


def answers_ok(url: str) -> bool:
    """Whether `GET url` answers 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http://127.0.0.1 addresses
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def memory_bytes(processes: Iterable[Process]) -> int:
    """Proportional set size of the children and all their descendants: what the machine would get back."""
    return sum(_family_bytes(process.pid) for process in processes if process.pid is not None)


def _family_bytes(pid: int) -> int:
    try:
        leader = psutil.Process(pid)
        return sum(_process_bytes(member) for member in (leader, *leader.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def _process_bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return int(getattr(memory, "pss", 0) or memory.rss)  # only Linux knows a proportional share


def group_of(user: str | None) -> int | None:
    """The primary group of a user of this machine; None for ourselves."""
    return pwd.getpwnam(user).pw_gid if user else None
