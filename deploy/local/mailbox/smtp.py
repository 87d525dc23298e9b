"""The mailbox's SMTP server: accepts what a careful mail server would accept. Keeps messages, never relays one.

A message is answered with 250 when it is kept, not before.
"""

import asyncio
import re

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.mailbox.messages import Messages
from deploy.local.ports import HOST

SIZE_LIMIT_BYTES = 10 * 1024 * 1024
RECIPIENTS_LIMIT = 100
# Line ends other than CRLF are how one message is smuggled into another: RFC 5321, 2.3.8 forbids them.
BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Acceptance:
    """Answers MAIL, RCPT and DATA; aiosmtpd answers the rest. A test that needs a difficult server subclasses this."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks for these names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes any sender; the empty one too, as bounces have it."""
        if CONTROL.search(address) or (address and "@" not in address):
            return "553 5.1.7 not an address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes any recipient: this mailbox is everybody's."""
        if CONTROL.search(address) or "@" not in address:
            return "553 5.1.3 not an address"
        if len(envelope.rcpt_tos) >= RECIPIENTS_LIMIT:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the message and names its number."""
        content = envelope.original_content or b""
        if BARE_LINE_END.search(content):
            return "550 5.6.11 a line ends without CRLF"
        entry = self._messages.accept(envelope.mail_from or "", envelope.rcpt_tos, content)
        return f"250 2.0.0 kept as message {entry.n}"


async def serve(acceptance: Acceptance, port: int) -> asyncio.Server:
    """An SMTP server on the loopback address of the running loop."""
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(
            acceptance,
            data_size_limit=SIZE_LIMIT_BYTES,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Rapport mailbox",
            loop=loop,
        )

    return await loop.create_server(connection, HOST, port)
