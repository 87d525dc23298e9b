"""An SMTP server that writes down every mail it accepts, before it says so, and sees who hands it over.

    python -m tests.chaos.mail.server PORT LEDGER CONTROL

A line of the ledger: nanoseconds since 1970, the client's process, recipient, Message-ID, order. At points of the
dialogue it strikes its client, if the supervisor has ordered so. Knows nothing of the notifier.
"""

import asyncio
import os
import signal
import sys
import time
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import psutil

from deploy.local.ports import HOST
from tests.chaos.points import Conscience

ORDER = "X-Rapport-Order"
ANSWERS = {b"EHLO": b"250-chaos\r\n250 PIPELINING\r\n", b"QUIT": b"221 bye\r\n"}


class Clerk:
    """Writes down what is accepted: in one write, so that a kill leaves whole lines."""

    def __init__(self, ledger: Path) -> None:
        self._file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def accept(self, pid: int, recipient: str, content: bytes) -> None:
        """From now on it is ours."""
        mail = message_from_bytes(content, policy=SMTP)
        line = f"{time.time_ns()} {pid} {recipient} {mail['Message-ID']} {mail[ORDER]}\n"
        os.write(self._file, line.encode())


async def serve(
    clerk: Clerk, conscience: Conscience, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection, one mail after the other."""
    ends = (writer.get_extra_info("peername")[1], writer.get_extra_info("sockname")[1])
    pid = await asyncio.to_thread(_client, *ends)
    recipient = ""
    try:
        writer.write(b"220 chaos ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"MAIL":
                conscience.reach_of(pid, "mail_begins")
            if verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                conscience.reach_of(pid, "inside_data")
                content = await reader.readuntil(b"\r\n.\r\n")
                clerk.accept(pid, recipient, content)
                conscience.reach_of(pid, "before_250")
            writer.write(ANSWERS.get(verb, b"250 2.0.0 OK\r\n"))
            if verb == b"DATA":
                await writer.drain()
                conscience.reach_of(pid, "after_250")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # struck, or away: what was not whole was not accepted
    finally:
        writer.close()


def _client(port: int, ours: int) -> int:
    """The process whose end of the connection that is; 0 when it is gone. The same port may lead elsewhere, too."""
    found = (one.pid for one in psutil.net_connections("tcp4") if one.laddr.port == port and _leads_to(one.raddr, ours))
    return next(filter(None, found), 0)


def _leads_to(end: Any, port: int) -> bool:
    return bool(end) and end.port == port


async def main(port: int, ledger: Path, control: Path) -> None:
    """Until SIGTERM."""
    clerk, conscience = Clerk(ledger), Conscience(control, "notifier", "server")
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await asyncio.start_server(lambda *both: serve(clerk, conscience, *both), HOST, port)
    await over.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
