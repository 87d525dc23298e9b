"""Text messages, push and chat through apprise, which knows some hundred services by their URLs.

Its plugins block, so each runs in a thread of this provider's own. They say only yes or no; `wire` says what is behind
a no. What they would log may hold an address and is kept silent.
"""

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from contracts.storefront import Contact
from notifier.addresses import address_of
from notifier.deliveries import Result
from notifier.mail import Answer
from notifier.outgoing import Composed, Parcel
from notifier.provider_files import Apprised
from notifier.providers.wire import Seen, watched

if TYPE_CHECKING:
    from apprise import NotifyBase

_NOT_TAKEN_NOW = frozenset({401, 402, 403, 405, 429, 503})
"""About us or the moment: account, money, rate. Nothing was taken (RFC 9110, section 15)."""


class AppriseProvider:
    """One service. Raises ValueError for a URL that apprise does not know."""

    def __init__(self, service: Apprised) -> None:
        _silence()
        self._service = service
        self._threads = ThreadPoolExecutor(service.at_once, thread_name_prefix="apprise")
        if self._plugin("+4915112345678") is None and self._plugin("address") is None:
            raise ValueError(f"apprise knows no {service.url.partition(':')[0]}:// like this one")

    async def send(self, parcel: Parcel) -> Answer:
        """Hand one parcel over. What the service may have got without saying so is `unknown`."""
        if parcel.composed is None:
            return Answer(Result.refused, "no_words")
        contact = Contact(channel=parcel.channel, address=parcel.address)
        plugin = self._plugin(parcel.address) if address_of(contact) == parcel.address else None
        if plugin is None:  # plugins undo our percent-encoding: two dots would lead to another path
            return Answer(Result.refused, "bad_address")
        loop, context = asyncio.get_running_loop(), copy_context()
        return await loop.run_in_executor(self._threads, context.run, _sent, plugin, parcel.composed)

    async def is_there(self) -> bool:
        """Nobody knows before something is sent."""
        return True

    async def close(self) -> None:
        """Threads end with what they are at."""
        self._threads.shutdown(wait=False)

    def _plugin(self, address: str) -> "NotifyBase | None":
        """A fresh one: they remember when they last spoke and would wait on their own."""
        from apprise import Apprise

        plugin: Any = Apprise.instantiate(self._service.filled(address), suppress_exceptions=True)
        if plugin is None or plugin is False:
            return None
        plugin.socket_connect_timeout = plugin.socket_read_timeout = self._service.timeout_s
        return plugin  # type: ignore[no-any-return]  # whatever apprise gives us


def _sent(plugin: "NotifyBase", composed: Composed) -> Answer:
    with watched() as seen:
        try:
            taken = bool(plugin.notify(body=composed.text, title=composed.subject))
        except Exception as error:  # noqa: BLE001 somebody else's code, of which there are a hundred
            seen.error, taken = error, False
    return Answer(Result.accepted, _code(seen)) if taken else Answer(_meaning(plugin, seen), _code(seen))


def _meaning(plugin: "NotifyBase", seen: Seen) -> Result:
    """What a no means."""
    if not seen.asked:  # it did not like what it was given; a service that speaks no HTTP may have been given it
        return Result.refused if hasattr(sys.modules[type(plugin).__module__], "requests") else Result.unknown
    if seen.never_connected or seen.status in _NOT_TAKEN_NOW:
        return Result.trouble
    if seen.status is None or seen.status >= 500 or seen.status in (200, 201, 202, 408):
        return Result.unknown
    return Result.trouble if seen.status < 400 else Result.refused


def _code(seen: Seen) -> str | None:
    if seen.status is not None:
        return str(seen.status)
    return type(seen.error).__name__ if seen.error else None


def _silence() -> None:
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
