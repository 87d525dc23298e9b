"""The way to the mail server: some connections, each used for many mails. Says what became of a mail, never raises.

Knows SMTP; knows nothing about messages.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage

import aiosmtplib
from msgspec import Struct

from notifier.deliveries import Result
from notifier.seals import seal_of
from notifier.settings import NotifierSettings, SmtpSecurity

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
"""RFC 3463."""

TRUSTED_S = 1.0
"""A connection that was in use so lately is not asked again whether it still works."""


class Answer(Struct, frozen=True):
    """What became of one mail, and the server's codes."""

    result: Result
    code: str | None = None


class MailServer:
    """At most `smtp_connections` connections to one server, opened when they are needed."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._seal = seal_of(settings)
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []
        """The latest used last, each with the moment when it was."""
        self._free = asyncio.Semaphore(settings.smtp_connections)

    async def is_there(self) -> bool:
        """Whether a connection can be had now; asked before messages are taken in hand."""
        try:
            async with self._connection():
                return True
        except (aiosmtplib.SMTPException, OSError):
            return False

    async def send(self, mail: EmailMessage, *, return_path: str | None = None) -> Answer:
        """Hand one mail over. Lost before DATA began is `deferred`, lost afterwards is `unknown`.

        Its bounces go to `return_path`; without one to whom it comes from.
        """
        handed_over = False
        content = self._content(mail)
        try:
            async with self._connection() as connection:
                await connection.mail(return_path or mail["From"].addresses[0].addr_spec)
                await connection.rcpt(mail["To"].addresses[0].addr_spec)
                handed_over = True
                response = await connection.data(content)
        except aiosmtplib.SMTPResponseException as error:
            result = Result.refused if error.code >= 500 else Result.deferred
            return Answer(result, _code(error.code, error.message))
        except (aiosmtplib.SMTPException, OSError):
            return Answer(Result.unknown if handed_over else Result.deferred)
        return Answer(Result.accepted, _code(response.code, response.message))

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
        settings, password = self._settings, self._settings.smtp_password
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            timeout=settings.smtp_timeout_s,
            use_tls=settings.smtp_security is SmtpSecurity.tls,
            start_tls=settings.smtp_security is SmtpSecurity.starttls,
        )


def _code(code: int, words: str) -> str:
    """`550 5.1.1`: the codes only, since the words may repeat the address."""
    enhanced = _ENHANCED.search(words)
    return f"{code} {enhanced.group()}" if enhanced else str(code)
