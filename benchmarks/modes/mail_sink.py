"""An SMTP server that only writes down what it accepts: one line for each mail, before it says so.

    <nanoseconds since 1970> <recipient> <Message-ID>

It checks nothing and keeps nothing else, so that it is never what a sender waits for; with `BENCH_MAILS_PER_S` it
takes no more than so many a second, as providers do.
"""

import asyncio
import os
import re
import signal
import time
from typing import Any

import uvloop

from deploy.local.ports import HOST

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(rb"<([^>]*)>")
_END = b"\r\n.\r\n"


class Pace:
    """Mails leave at most so often, one after the other; 0: as they come."""

    def __init__(self, per_s: float) -> None:
        self._every_s = 1 / per_s if per_s else 0.0
        self._next_s = 0.0

    def wait_s(self) -> float:
        """So long the next mail has to wait; its place is taken with the question."""
        if not self._every_s:
            return 0.0
        now_s = time.monotonic()
        self._next_s = max(now_s, self._next_s + self._every_s)
        return self._next_s - now_s


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, ledger: int, pace: Pace) -> None:
        self._ledger, self._pace = ledger, pace
        self._received = bytearray()
        self._in_data = False
        self._recipient = b""
        self._transport: Any  # uvloop's are no subclasses of asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._mail_is_whole() if self._in_data else self._command_is_whole():
            pass

    def _command_is_whole(self) -> bool:
        line, found, rest = self._received.partition(b"\r\n")
        if found:
            self._received = rest
            self._transport.write(self._answer(bytes(line)))
        return bool(found)

    def _answer(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"EHLO":
                return b"250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
            case b"RCPT":
                found = _ADDRESS.search(line)
                self._recipient = found[1] if found else b"?"
            case b"DATA":
                self._in_data = True
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
        return b"250 OK\r\n"

    def _mail_is_whole(self) -> bool:
        end = self._received.find(_END)
        if end < 0:
            return False
        head = bytes(self._received[: min(end, 8_192)])
        self._received = self._received[end + len(_END) :]
        self._in_data = False
        wait_s = self._pace.wait_s()
        if wait_s:
            asyncio.get_running_loop().call_later(wait_s, self._accept, self._recipient, head)
        else:
            self._accept(self._recipient, head)
        return True

    def _accept(self, recipient: bytes, head: bytes) -> None:
        found = _MESSAGE_ID.search(head)
        os.write(self._ledger, b"%d %b %b\n" % (time.time_ns(), recipient, found[1] if found else b"?"))
        self._transport.write(b"250 2.0.0 OK\r\n")


async def main() -> None:
    """Listen until SIGTERM."""
    ledger = os.open(os.environ["BENCH_SINK_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    pace = Pace(float(os.environ.get("BENCH_MAILS_PER_S", "0")))
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(lambda: Session(ledger, pace), HOST, int(os.environ["BENCH_SMTP_PORT"]))
    await over.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
