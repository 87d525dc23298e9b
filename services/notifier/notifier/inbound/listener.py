"""Where the shop's mail server delivers what comes to our addresses: SMTP or LMTP. Off without a port.

Answers 250 when it is safe, 451 while it cannot be; who is told 451, or nothing, delivers again. Owns the limits of a
conversation. Must not know what a mail means. No address stands in its log.
"""

import asyncio
import logging
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from chassis.runtime import Runtime
from notifier.addressing import Addressing
from notifier.inbound.intake import Intake, NotNow
from notifier.inbound_settings import InboundProtocol
from notifier.settings import NotifierSettings

LONGEST_LINE_BYTES = 1_048_576
"""RFC 5321 says 998; some programs that write mails never heard of it, and nobody shall lose one for that."""
MOST_CONNECTIONS = 8
"""Each may hold one mail in memory; who comes when there is no room comes again."""
MOST_COMMANDS = 1_000
"""Of one kind, in one conversation."""
ROLES = frozenset({"bounce", "bounces", "complaint", "complaints", "abuse", "fbl", "postmaster"})
"""Addresses without a mail's name to which reports may be sent; what they are about stands in them."""

log = structlog.get_logger("notifier.listener")
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the library logs addresses


async def listen(runtime: Runtime, settings: NotifierSettings) -> None:
    """Until cancelled; returns at once without a port."""
    if settings.inbound_port is None:
        return
    addressing = settings.addressing()
    door = Door(Intake(runtime, addressing, settings.vault), addressing, settings)
    server = await asyncio.get_running_loop().create_server(
        door.conversation, settings.inbound_host, settings.inbound_port
    )
    log.info("mail is taken", host=settings.inbound_host, port=settings.inbound_port)
    async with server:
        await server.serve_forever()


class Door:
    """Opens conversations, and is asked by them: its methods have the names that aiosmtpd looks for."""

    def __init__(self, intake: Intake, addressing: Addressing, settings: NotifierSettings) -> None:
        self._intake = intake
        self._addressing = addressing
        self._settings = settings
        self._open = 0

    def conversation(self) -> SMTP:
        """The next one."""
        settings = self._settings
        kind = _Lmtp if settings.inbound_protocol is InboundProtocol.lmtp else _Smtp
        return kind(
            self, hostname=settings.inbound_domain or "rapport", ident="Rapport", enable_SMTPUTF8=True,
            data_size_limit=settings.inbound_mail_bytes, timeout=settings.inbound_timeout_s, auth_exclude_mechanism=[],
            command_call_limit=MOST_COMMANDS, loop=asyncio.get_running_loop(),
        )  # fmt: skip

    def enter(self) -> bool:
        """Whether there is room for one more conversation."""
        self._open += 1
        return self._open <= MOST_CONNECTIONS

    def leave(self) -> None:
        """One is over."""
        self._open -= 1

    async def handle_RCPT(  # noqa: N802 aiosmtpd finds its hooks by these names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Only what we can do something with; who sent it hears of it at once."""
        local, _, domain = address.casefold().rpartition("@")
        ours = local in ROLES and domain == (self._settings.inbound_domain or "").casefold()
        if not ours and self._addressing.named_by(address) is None:
            return "550 5.1.1 There is nobody here by that name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The answer to a mail; with LMTP to each recipient (RFC 2033, section 4.2)."""
        raw = envelope.original_content or b""
        try:
            await self._intake.mail(raw, envelope.rcpt_tos, envelope.mail_from or "")
            answer = "250 2.0.0 It is safe"
        except NotNow:
            answer = "451 4.3.0 Not now, please deliver it again"
        return "\r\n".join([answer] * (len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1))

    async def handle_exception(self, error: Exception) -> str:
        """A bug: nothing is lost, it will be delivered again."""
        log.error("a mail could not be taken", error=type(error).__name__, exc_info=error)
        return "451 4.3.0 Not now, please deliver it again"


class _Counted(SMTP):
    """A conversation that knows how many others there are."""

    line_length_limit = LONGEST_LINE_BYTES
    _has_room = False

    def connection_made(self, transport: Any) -> None:
        """Goes on only where there is room."""
        self._has_room = self.event_handler.enter()
        if self._has_room:
            super().connection_made(transport)
        else:
            transport.write(b"421 4.3.2 Too many conversations, please come again\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """However it ended."""
        self.event_handler.leave()
        if self._has_room:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Nothing is heard from who had no room."""
        if self._has_room:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The same."""
        return super().eof_received() if self._has_room else None


class _Smtp(_Counted):
    """RFC 5321."""


class _Lmtp(_Counted, LMTP):
    """RFC 2033."""
