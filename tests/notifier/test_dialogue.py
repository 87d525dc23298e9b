"""What is said to a mail server on one connection, by servers that answer as servers do, and as they should not."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from aiosmtpd.controller import Controller

from contracts.vocabulary import Channel
from deploy.local.ports import HOST, free_port
from notifier.deliveries import Result
from notifier.mail import Answer, MailServer
from notifier.outgoing import Parcel
from notifier.provider_files import Smtp
from notifier.smtp_security import SmtpSecurity
from tests.notifier.postbox import Postbox
from tests.notifier.receiver import certificate

MAIL = b"From: hello@shop.example\r\nSubject: Your order\r\n\r\nIt is late.\r\n..\r\n.\r\nSorry.\r\n"
SIMPLE = {
    b"EHLO": b"250-there\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"taken": b"250 2.0.0 Ok: queued\r\n",
    b"QUIT": b"221 bye\r\n",
    b"RSET": b"250 Ok\r\n",
}
ONE_BY_ONE = {b"EHLO": b"250 there\r\n"}


class Server:
    """Answers by the first word of a line, and remembers what came together and which mails it has."""

    def __init__(self, changes: dict[bytes, bytes], slowly: bool) -> None:
        self.answers, self.slowly = SIMPLE | changes, slowly
        self.heard: list[bytes] = []
        self.mails: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._say(writer, b"220 there\r\n")
        waiting, content = b"", False
        while heard := await reader.read(65_536):
            self.heard.append(heard)
            waiting += heard
            end = b"\r\n.\r\n" if content else b"\r\n"
            while end in waiting:
                line, _, waiting = waiting.partition(end)
                if content:
                    self.mails.append(line)
                answer = self.answers[b"taken" if content else line[:4]]
                content, end = answer.startswith(b"354"), b"\r\n.\r\n" if answer.startswith(b"354") else b"\r\n"
                await self._say(writer, answer)
                if answer.startswith(b"421"):
                    writer.close()
                    return
        writer.close()

    async def _say(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        for part in [answer[place : place + 1] for place in range(len(answer))] if self.slowly else [answer]:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)


@asynccontextmanager
async def opened(changes: dict[bytes, bytes], *, slowly: bool = False) -> AsyncIterator[tuple[Server, MailServer]]:
    there = Server(changes, slowly)
    listening = await asyncio.start_server(there.serve, HOST, 0)
    there.port = listening.sockets[0].getsockname()[1]
    ours = MailServer(Smtp(host=HOST, port=there.port, timeout_s=1))
    try:
        yield there, ours
    finally:
        await ours.close()
        listening.close()


def parcel(address: str = "ada@example.org") -> Parcel:
    return Parcel(message_id="m1", channel=Channel.email, address=address, mail=MAIL, return_path="back@shop.example")


@pytest.mark.parametrize(("changes", "writes"), [({}, 2), (ONE_BY_ONE, 4)])
async def test_a_mail_takes_two_round_trips_where_the_server_lets_us(changes: dict[bytes, bytes], writes: int) -> None:
    async with opened(changes) as (server, ours):
        await ours.is_there()
        server.heard.clear()
        assert await ours.send(parcel()) == Answer(Result.accepted, "250 2.0.0")
        assert len(server.heard) == writes
        assert server.heard[0].startswith(b"MAIL FROM:<back@shop.example>\r\n")
        assert (await ours.send(parcel())).result is Result.accepted
        assert server.connections == 1


@pytest.mark.parametrize("security", [SmtpSecurity.starttls, SmtpSecurity.tls])
def test_an_encrypted_connection_is_taken_over_as_well(
    security: SmtpSecurity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, ("localhost",)))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    postbox, port = Postbox(), free_port()
    starts = {"tls_context": context, "require_starttls": True} if security is SmtpSecurity.starttls else {}
    whole = context if security is SmtpSecurity.tls else None
    there = Controller(postbox, hostname="localhost", port=port, ssl_context=whole, **starts)

    async def send() -> list[Result]:
        ours = MailServer(Smtp(host="localhost", port=port, security=security, timeout_s=5))
        results = [(await ours.send(parcel())).result for _ in range(2)]
        await ours.close()
        return results

    there.start()
    try:
        assert uvloop.run(send()) == [Result.accepted, Result.accepted]  # as it runs in earnest
    finally:
        there.stop()
    assert len(postbox.mails) == 2
    assert len(postbox.sessions) == 1


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_mail_arrives_as_it_was_written_with_its_lonely_dots(slowly: bool) -> None:
    async with opened({b"MAIL": b"250-2.1.0 Ok\r\n250-who is that\r\n250 2.1.0 Ok\r\n"}, slowly=slowly) as (
        server,
        ours,
    ):
        assert (await ours.send(parcel())).result is Result.accepted
        (taken,) = server.mails
        assert taken.replace(b"\r\n..", b"\r\n.") + b"\r\n" == MAIL


@pytest.mark.parametrize("changes", [{}, ONE_BY_ONE])
@pytest.mark.parametrize(
    ("answers", "given"),
    [
        ({b"MAIL": b"550 5.7.1 Who are you\r\n"}, Answer(Result.trouble, "550 5.7.1")),
        ({b"RCPT": b"550-5.1.1 Nobody\r\n550 5.1.1 here\r\n"}, Answer(Result.refused, "550 5.1.1")),
        ({b"RCPT": b"450 4.7.1 Later\r\n"}, Answer(Result.deferred, "450 4.7.1")),
        ({b"RCPT": b"421 4.3.2 Closing\r\n"}, Answer(Result.trouble, "421 4.3.2")),
        ({b"DATA": b"554 5.5.1 No\r\n"}, Answer(Result.refused, "554 5.5.1")),
        ({b"DATA": b"451 4.3.0 Later\r\n"}, Answer(Result.deferred, "451 4.3.0")),
        ({b"taken": b"552 5.3.4 Too big\r\n"}, Answer(Result.refused, "552 5.3.4")),
        ({b"taken": b"", b"MAIL": b"250 Ok\r\n"}, Answer(Result.unknown, "SMTPReadTimeoutError")),
        ({b"RCPT": b""}, Answer(Result.trouble, "SMTPReadTimeoutError")),
        ({b"RCPT": b"what?\r\n"}, Answer(Result.deferred, "0")),
    ],
)
async def test_what_is_refused_is_handed_over_no_further_and_its_connection_not_used_again(
    changes: dict[bytes, bytes], answers: dict[bytes, bytes], given: Answer
) -> None:
    async with opened(changes | answers) as (server, ours):
        assert await ours.send(parcel()) == given
        assert server.mails == [] or b"taken" in answers
        server.answers = SIMPLE | changes
        assert (await ours.send(parcel())).result is Result.accepted
        assert server.connections == 2


async def test_a_server_that_leaves_while_nobody_asks_is_asked_on_a_new_connection() -> None:
    async with opened({b"taken": b"250 Ok\r\n421 4.4.2 I am tired\r\n"}) as (server, ours):
        assert (await ours.send(parcel())).result is Result.accepted
        await asyncio.sleep(0.05)
        assert (await ours.send(parcel())).result is Result.accepted
        assert len(server.mails) == 2


async def test_a_server_that_never_stops_answering_is_left() -> None:
    async with opened({b"RCPT": b"250-more\r\n" * 10_000}) as (_, ours):
        assert (await ours.send(parcel())).result is Result.trouble


@pytest.mark.parametrize(
    "hostile", ["ada@example.org>\r\nRCPT TO:<eve@example.org", "a b@example.org", "<a@b.c>", "ä@b.c", ""]
)
async def test_no_address_ends_a_command(hostile: str) -> None:
    async with opened({}) as (server, ours):
        assert await ours.send(parcel(hostile)) == Answer(Result.refused, "bad_address")
        assert not [one for one in server.heard if b"RCPT" in one]
