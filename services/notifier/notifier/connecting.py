"""Connections for webhooks: only to addresses that were judged, the very ones, and nobody is followed anywhere else.

A name is looked up once for each connection; every address that it has must be one that may be reached, and one of
them is connected to by its number. TLS still asks for the name. Proxies of the environment are not used, redirects not
followed.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path

import httpcore

from notifier.destinations import Network, address_in, may_be_reached

TIMEOUT_S = 15.0
"""For one attempt, all of it; the specification asks for 15 to 30."""
CONNECTIONS = 50
MOST_OF_AN_ANSWER_BYTES = 16_384
"""So much of an answer is read, to use the connection again; nothing of it is kept."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""A name and a port as addresses."""


class ForbiddenAddress(httpcore.ConnectError):
    """The name leads to an address that webhooks may not go to."""


async def resolved(host: str, port: int) -> list[str]:
    """As this machine does. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class JudgedNetwork(httpcore.AsyncNetworkBackend):
    """Looks a name up, judges what it finds, and connects to that."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve = resolved) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 as httpcore has it
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """To one of the host's addresses. Raises ForbiddenAddress when any of them may not be reached."""
        try:
            addresses = [address_in(one.partition("%")[0]) for one in await self._resolve(host, port)]
        except (OSError, ValueError, UnicodeError) as error:
            raise httpcore.ConnectError("unknown_host") from error
        if not addresses or not all(may_be_reached(address, self._allowed) for address in addresses):
            raise ForbiddenAddress("forbidden_address")
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses[:3]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no_address")


def connections(
    allowed: Sequence[Network], authorities: Path | None, resolve: Resolve = resolved
) -> httpcore.AsyncConnectionPool:
    """What posts go over. `authorities`: a file of certificates that are trusted besides the usual ones."""
    trust = ssl.create_default_context()
    if authorities is not None:
        trust.load_verify_locations(authorities)
    return httpcore.AsyncConnectionPool(
        ssl_context=trust, max_connections=CONNECTIONS, keepalive_expiry=5.0, http2=False, retries=0,
        network_backend=JudgedNetwork(allowed, resolve),
    )  # fmt: skip


async def post(
    pool: httpcore.AsyncConnectionPool, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, str | None]:
    """The status of the answer and its Retry-After. Raises httpcore's errors, TimeoutError and OSError."""
    async with asyncio.timeout(TIMEOUT_S), pool.stream("POST", url, headers=[*headers.items()], content=body) as answer:
        read = 0
        async for part in answer.aiter_stream():
            read += len(part)
            if read > MOST_OF_AN_ANSWER_BYTES:
                break
        wished = next((value for name, value in answer.headers if name.lower() == b"retry-after"), None)
        return answer.status, None if wished is None else wished.decode("latin-1")
