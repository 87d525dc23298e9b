"""The way to one mail server: some connections, each used for many mails. Says what became of a mail, never raises.

Knows SMTP; knows nothing about messages. What a reply means is in `providers.replies`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage

import aiosmtplib
from msgspec import Struct

from notifier.deliveries import Result
from notifier.outgoing import Parcel
from notifier.provider_files import Smtp
from notifier.providers.replies import Stage, codes, meaning
from notifier.seals import Seal
from notifier.smtp_security import SmtpSecurity

TRUSTED_S = 1.0
"""A connection that was in use so lately is not asked again whether it still works."""


class Answer(Struct, frozen=True):
    """What became of one parcel, the provider's codes, and who it was."""

    result: Result
    code: str | None = None
    provider: str | None = None


class MailServer:
    """At most `at_once` connections to one server, opened when they are needed."""

    def __init__(self, server: Smtp, seal: Seal | None = None) -> None:
        self._server = server
        self._seal = seal
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []
        """The latest used last, each with the moment when it was."""
        self._free = asyncio.Semaphore(server.at_once)

    async def is_there(self) -> bool:
        """Whether a connection can be had now; asked before messages are taken in hand."""
        try:
            async with self._connection():
                return True
        except (aiosmtplib.SMTPException, OSError):
            return False

    async def send(self, parcel: Parcel) -> Answer:
        """Hand one mail over. Lost before DATA began is `trouble`, lost afterwards is `unknown`."""
        mail = parcel.mail
        if mail is None:
            return Answer(Result.refused, "no_mail")
        stage, content = Stage.greeting, self._content(mail)
        try:
            async with self._connection() as connection:
                stage = Stage.sender
                await connection.mail(parcel.return_path or mail["From"].addresses[0].addr_spec)
                stage = Stage.recipient
                await connection.rcpt(parcel.address)
                stage = Stage.content
                response = await connection.data(content)
        except aiosmtplib.SMTPResponseException as error:
            return Answer(meaning(stage, error.code, error.message), codes(error.code, error.message))
        except (aiosmtplib.SMTPException, OSError) as error:
            return Answer(Result.unknown if stage is Stage.content else Result.trouble, type(error).__name__)
        return Answer(Result.accepted, codes(response.code, response.message))

    def _content(self, mail: EmailMessage) -> bytes:
        written = mail.as_bytes()
        return self._seal.sealed(written) if self._seal else written

    async def close(self) -> None:
        """Say goodbye on every connection."""
        while self._idle:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._idle.pop()[0].quit(timeout=1)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that is ready for a mail. Whatever goes wrong with it, the next mail gets a clean one."""
        async with self._free:
            connection = await self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.append((connection, time.monotonic()))

    async def _open(self) -> aiosmtplib.SMTP:
        while self._idle:
            connection, used_at_s = self._idle.pop()
            if connection.is_connected and time.monotonic() - used_at_s < TRUSTED_S:
                return connection
            with suppress(aiosmtplib.SMTPException, OSError):
                await connection.rset(timeout=2)  # a server may have gone away while nobody wrote
                return connection
            connection.close()
        connection = self._new()
        await connection.connect()
        return connection

    def _new(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=server.timeout_s,
            use_tls=server.security is SmtpSecurity.tls,
            start_tls=server.security is SmtpSecurity.starttls,
        )
