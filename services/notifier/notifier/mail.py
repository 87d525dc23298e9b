"""The way to one mail server: some connections, each used for many mails. Says what became of a mail, never raises.

Knows nothing about messages. What is said on a connection is in `dialogue`, what a reply means in `providers.replies`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiosmtplib
from msgspec import Struct

from notifier.deliveries import Result
from notifier.dialogue import BadAddress, Dialogue, NotTaken
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
    took_s: float | None = None
    """How long the provider took to answer; None where none was asked."""


class MailServer:
    """At most `at_once` connections to one server, opened when they are needed."""

    def __init__(self, server: Smtp, seal: Seal | None = None) -> None:
        self._server = server
        self._seal = seal
        self._idle: list[tuple[Dialogue, float]] = []
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
        """Hand one mail over. Lost before its content was given is `trouble`, lost afterwards is `unknown`."""
        if parcel.mail is None or parcel.return_path is None:
            return Answer(Result.refused, "no_mail")
        content, given = self._seal.sealed(parcel.mail) if self._seal else parcel.mail, False
        try:
            async with self._connection() as dialogue:
                await dialogue.begin(parcel.return_path, parcel.address)
                given = True
                reply = await dialogue.give(content)
        except BadAddress:
            return Answer(Result.refused, "bad_address")
        except NotTaken as no:
            return Answer(meaning(no.stage, *no.reply), codes(*no.reply))
        except aiosmtplib.SMTPResponseException as error:
            return Answer(meaning(Stage.greeting, error.code, error.message), codes(error.code, error.message))
        except (aiosmtplib.SMTPException, OSError) as error:
            return Answer(Result.unknown if given else Result.trouble, type(error).__name__)
        return Answer(Result.accepted, codes(*reply))

    async def close(self) -> None:
        """Say goodbye on every connection."""
        while self._idle:
            await self._idle.pop()[0].quit()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Dialogue]:
        """A connection that is ready for a mail. Whatever goes wrong with it, the next mail gets a clean one."""
        async with self._free:
            dialogue = await self._open()
            try:
                yield dialogue
            except BaseException:
                dialogue.close()
                raise
            self._idle.append((dialogue, time.monotonic()))

    async def _open(self) -> Dialogue:
        while self._idle:
            dialogue, used_at_s = self._idle.pop()
            if dialogue.is_open and time.monotonic() - used_at_s < TRUSTED_S:
                return dialogue
            with suppress(NotTaken, aiosmtplib.SMTPException, OSError):
                await dialogue.reset()  # a server may have gone away while nobody wrote
                return dialogue
            dialogue.close()
        return await Dialogue.over(self._new(), self._server.timeout_s)

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
