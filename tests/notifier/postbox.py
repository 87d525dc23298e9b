"""A real SMTP server for tests: keeps what it accepts, and answers as it is told to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import free_port


class Postbox:
    """A handler for aiosmtpd. `answers` are given to the next mails, then everything is accepted."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.sessions: set[int] = set()
        self.answers: list[str] = []
        self.delay_s = 0.0
        self.port = 0

    async def handle_RCPT(  # noqa: N802 aiosmtpd finds its hooks by these names
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.sessions.add(id(session))
        if self.answers and self.answers[0].startswith("rcpt "):
            return self.answers.pop(0).removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay_s)
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "swallow":
            self._keep(envelope)
            transport: Any = server.transport
            transport.abort()
        if answer.startswith("250"):
            self._keep(envelope)
        return answer

    def _keep(self, envelope: Envelope) -> None:
        mail: Any = message_from_bytes(envelope.original_content or b"", policy=SMTP_POLICY)
        self.mails.append(mail)
        self.raw.append(envelope.original_content or b"")
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """Listening on a free port of this machine."""
    postbox = Postbox()
    postbox.port = free_port()
    controller = Controller(postbox, hostname="127.0.0.1", port=postbox.port)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()
