"""A small door in front of PostgreSQL that slams at COMMIT: the worker never learns whether it was committed.

Forwards one unix socket to another, byte by byte. Owns no protocol but the one message it looks for.
"""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.postgres import SOCKET_NAME

COMMIT = b"COMMIT;\x00"
CHUNK_BYTES = 65_536
BEFORE, AFTER = "before", "after"
"""Cut before the server hears of it, or after it has answered."""


class Door:
    """Listens in a folder of its own, as PostgreSQL does; `slam` cuts the next connection that commits."""

    def __init__(self, beyond: Path) -> None:
        self._beyond = beyond / SOCKET_NAME
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-door-"))
        self._server: asyncio.Server | None = None
        self._slam: str | None = None
        self._slammed = asyncio.Event()
        self._passing: set[asyncio.Task[None]] = set()
        self.cuts = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._entered, path=str(self.folder / SOCKET_NAME))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._passing:
            task.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def slam(self, when: str, patience_s: float) -> bool:
        """Whether a connection was cut within that time."""
        self._slammed.clear()
        self._slam = when
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._slammed.wait(), patience_s)
        self._slam = None
        return self._slammed.is_set()

    async def _entered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            self._passing.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._beyond))
        answers = asyncio.create_task(_copy(server_reader, writer))
        try:
            while data := await reader.read(CHUNK_BYTES):
                if self._slam and COMMIT in data:
                    await self._cut(data, server_reader, server_writer, answers)
                    break
                server_writer.write(data)
                await server_writer.drain()
        finally:
            answers.cancel()
            server_writer.transport.abort()
            writer.transport.abort()

    async def _cut(
        self,
        data: bytes,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        when, self._slam = self._slam, None
        answers.cancel()  # whatever is answered now goes nowhere
        with contextlib.suppress(asyncio.CancelledError):
            await answers
        if when == AFTER:
            server_writer.write(data)
            await server_reader.read(CHUNK_BYTES)
        self.cuts += 1
        self._slammed.set()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
