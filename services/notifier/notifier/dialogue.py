"""The dialogue with a mail server, on a connection that aiosmtplib has opened, secured and logged in on.

aiosmtplib asks command by command. Where the server lets us (PIPELINING, RFC 2920) the whole envelope goes in one write
here: two round trips for a mail instead of four. Owns what is written and read; what a reply means is said in
`providers.replies`.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, cast

import aiosmtplib

from notifier.providers.replies import Stage

QUIT_S = 1.0
RESET_S = 2.0
LONGEST_REPLY = 32_768
"""Bytes of all that is answered at once; far more than any server says."""
_ADDRESS = re.compile(r"[!-;=?-~]{1,320}")
"""Printable ASCII without spaces and angle brackets: it ends no command."""


class Reply(NamedTuple):
    """What the server says: its code, and the words of all its lines."""

    code: int
    words: str


class BadAddress(ValueError):
    """It cannot stand in an envelope."""


class NotTaken(Exception):
    """The server said no."""

    def __init__(self, stage: Stage, reply: Reply) -> None:
        super().__init__(stage, reply.code)
        self.stage, self.reply = stage, reply


class _Command(NamedTuple):
    line: bytes
    stage: Stage
    yes: tuple[int, ...]


class Dialogue(asyncio.Protocol):
    """One connection, for one mail after the other. After anything that it raises it is good for nothing but closing.

    Raises `BadAddress`, `NotTaken`, aiosmtplib's errors, and `OSError`.
    """

    def __init__(self, transport: asyncio.Transport, *, together: bool, timeout_s: float) -> None:
        """`together`: the server takes several commands at once."""
        self._transport = transport
        self._together = together
        self._timeout_s = timeout_s
        self._received = b""
        self._lines: list[bytes] = []
        """Of a reply whose last line has not come."""
        self._replies: list[Reply] = []
        self._wanted = self._size = 0
        self._heard: asyncio.Future[None] | None = None
        """While somebody waits for replies."""

    @classmethod
    async def over(cls, connection: aiosmtplib.SMTP, timeout_s: float) -> "Dialogue":
        """Connect, and take the connection over."""
        await connection.connect()
        if connection.is_ehlo_or_helo_needed:
            await connection.ehlo()
        transport = cast(asyncio.Transport, connection.transport)  # uvloop's are no subclasses of it
        dialogue = cls(transport, together=connection.supports_extension("pipelining"), timeout_s=timeout_s)
        transport.set_protocol(dialogue)
        return dialogue

    @property
    def is_open(self) -> bool:
        """As far as is known without asking."""
        return not self._transport.is_closing()

    async def begin(self, sender: str, recipient: str) -> None:
        """The envelope; afterwards the server waits for the content. Until then it has taken nothing."""
        commands = (
            _Command(b"MAIL FROM:<%b>\r\n" % _plain(sender), Stage.sender, (250,)),
            _Command(b"RCPT TO:<%b>\r\n" % _plain(recipient), Stage.recipient, (250, 251)),
            _Command(b"DATA\r\n", Stage.content, (354,)),
        )
        for group in [commands] if self._together else [(one,) for one in commands]:
            await self._ask(group)

    async def give(self, content: bytes) -> Reply:
        """The mail, whose lines end in CRLF. What goes wrong from here on leaves open whether it arrived."""
        stuffed = content.removesuffix(b"\r\n").replace(b"\r\n.", b"\r\n..")  # RFC 5321, section 4.5.2
        return await self._ask([_Command(stuffed + b"\r\n.\r\n", Stage.content, (250,))])

    async def reset(self) -> None:
        """Ask whether it is still there."""
        await self._ask([_Command(b"RSET\r\n", Stage.greeting, (250,))], RESET_S)

    async def quit(self) -> None:
        """Say goodbye; whether it is heard does not matter."""
        with suppress(NotTaken, aiosmtplib.SMTPException, OSError):
            await self._ask([_Command(b"QUIT\r\n", Stage.greeting, (221,))], QUIT_S)
        self.close()

    def close(self) -> None:
        """Leave without a word: what was not given whole is not taken."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """What nobody asked for is a goodbye, or the server has lost count: the connection is not used again."""
        self._size += len(data)
        if self._heard is None or self._size > LONGEST_REPLY:
            self.close()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._lines.append(line)
            if line[3:4] != b"-":
                self._replies.append(_reply(self._lines))
                self._lines = []
        if len(self._replies) >= self._wanted:
            self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        """Who waits has what was said until then."""
        self._wake()

    def _wake(self) -> None:
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    def _lose_patience(self) -> None:
        if self._heard is not None and not self._heard.done():
            self._heard.set_exception(aiosmtplib.SMTPReadTimeoutError("Timed out waiting for server response"))

    async def _ask(self, commands: Sequence[_Command], patience_s: float | None = None) -> Reply:
        """Say them at once; the last reply, where all are a yes."""
        for command, reply in zip(commands, await self._replies_to(commands, patience_s), strict=False):
            if reply.code not in command.yes:
                raise NotTaken(command.stage, reply)
        if len(self._replies) < len(commands):
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        return reply

    async def _replies_to(self, commands: Sequence[_Command], patience_s: float | None) -> list[Reply]:
        """In their order; fewer where the server has gone."""
        self._replies, self._wanted, self._size = [], len(commands), 0
        if self._transport.is_closing():
            return []
        loop = asyncio.get_running_loop()
        self._heard = loop.create_future()
        self._transport.write(b"".join([command.line for command in commands]))
        patience = loop.call_later(patience_s or self._timeout_s, self._lose_patience)
        try:
            await self._heard
        finally:
            patience.cancel()
            self._heard = None
        return self._replies


def _plain(address: str) -> bytes:
    """As it stands in a command."""
    if not _ADDRESS.fullmatch(address):
        raise BadAddress
    return address.encode("ascii")


def _reply(lines: Sequence[bytes]) -> Reply:
    """Code 0 for what is none."""
    code = lines[-1][:3]
    words = " ".join(line[4:].decode("ascii", "replace").strip() for line in lines)
    return Reply(int(code) if code.isdigit() else 0, words)
