"""Stands before every route: who comes, whether they may, and how often. Answers by itself whom it does not let in.

Before anything of a body is read. Nothing shown to it is ever logged.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import api_keys, audits
from chassis.access import Access, Client, Needs, challenge, credential_of, scope_of
from chassis.api_keys import Key, Stored
from chassis.audits import Caller
from chassis.database import is_transient
from chassis.problems import problem
from chassis.rates import Rates
from chassis.runtime import Runtime
from chassis.tokens import KeysAway, TokenRefused, Tokens

KNOWN_FOR_S = 30.0
"""So long may a key be believed without asking the database: a revocation is known everywhere within it."""
MOST_KNOWN = 1_000
AGAIN_AFTER_S = 5
NOBODY = "Show a key or a token: `Authorization: Bearer …`."

Recognise = Callable[[], Awaitable[Client]]


class Refused(Exception):
    """Not let in, and the answer that says so."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, headers: dict[str, str] | None = None, **more: str
    ) -> None:
        super().__init__(detail)
        self.answer = problem(status, code, detail, headers, **more)


class Guard:
    """For one app: remembers keys for a while, and who came how often."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self._service = runtime.service.name
        self._keys = KnownKeys(runtime)
        self._tokens: Tokens | None = None
        if settings.auth_issuer and settings.auth_audience and settings.auth_jwks_url:
            self._tokens = Tokens(settings.auth_issuer, settings.auth_audience, settings.auth_jwks_url)
        self._clients = Rates(settings.http_client_per_s)
        self._addresses = Rates(settings.http_address_per_s)

    async def refusal(self, scope: Scope, access: Access) -> Response | Client | None:
        """The answer to somebody who is not let in; else who it is, None for whoever an open route is for."""
        try:
            if isinstance(access, Needs):
                return await self._recognised(scope, access)
            if access.limited:
                _limit(self._addresses, _address(scope))
        except Refused as refused:
            return refused.answer
        return None

    def guarded(self, inner: ASGIApp, access: Access, path: str) -> ASGIApp:
        """`inner` for those who may. What it does for a client is done in that client's name."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            found = await self.refusal(scope, access)
            if isinstance(found, Response):
                await found(scope, receive, send)
            elif found is None:
                await inner(scope, receive, send)
            else:
                ids = {name: str(one) for name, one in scope.get("path_params", {}).items()}
                with audits.acting(Caller(found, f"{scope['method']} {path}", ids)):
                    await inner(scope, receive, send)

        return app

    async def _recognised(self, scope: Scope, access: Needs) -> Client:
        address = _address(scope)
        credential = credential_of(_header(scope), in_browser=access.in_browser)
        if credential is None:
            _limit(self._addresses, address)
            raise Refused(HTTPStatus.UNAUTHORIZED, "not_authenticated", NOBODY, dict(challenge(access)))
        client = await self._client(credential, address, access)
        wanted = scope_of(self._service, access.right)
        _limit(self._clients, client.id)
        if wanted not in client.scopes:
            headers = dict(challenge(access, "insufficient_scope", wanted))
            detail = f"This needs the scope {wanted}, which {client.id} does not have."
            raise Refused(HTTPStatus.FORBIDDEN, "scope_missing", detail, headers, scope=wanted)
        return client

    async def _client(self, credential: str, address: str, access: Needs) -> Client:
        """Raises `Refused`, and counts that against the address: whoever guesses, guesses slowly."""
        if (known := self._keys.at_once(credential)) is not None:
            return known
        _limit(self._addresses, address, counts=False)
        try:
            key = Key.read(credential)
            if key is None and self._tokens is not None:
                return await self._tokens.client_of(credential)
            return await self._keys.client_of(key)
        except TokenRefused as refused:
            self._addresses.wait_s(address)
            headers = dict(challenge(access, "invalid_token"))
            raise Refused(HTTPStatus.UNAUTHORIZED, refused.code, refused.detail, headers) from refused
        except Exception as error:
            if not isinstance(error, KeysAway) and not is_transient(error):
                raise
            detail = "Nobody can be recognised just now; ask again."
            headers = {"Retry-After": str(AGAIN_AFTER_S)}
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "keys_away", detail, headers) from error


class KnownKeys:
    """What the database said of keys that were shown, for `KNOWN_FOR_S`; what it did not know is kept too."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, tuple[float, Stored | None]] = {}
        self._asking = asyncio.Lock()
        self._failed_at_s = 0.0

    def at_once(self, credential: str) -> Client | None:
        """Whose key it is, if that is known and it is good; None: nobody knows yet, or it is refused."""
        key = Key.read(credential)
        found = self._known.get(key.key_id) if key else None
        if key is None or found is None or found[1] is None or time.monotonic() - found[0] > KNOWN_FOR_S:
            return None
        stored = found[1]
        return stored.client if stored.is_of(key) and stored.state(datetime.now(UTC)) == "valid" else None

    async def client_of(self, key: Key | None) -> Client:
        """Whose key it is. Raises `TokenRefused`, and what the database raises."""
        stored = await self._stored(key) if key else None
        if key is None or stored is None or not stored.is_of(key):
            raise TokenRefused("key_unknown", "This key is not known here.")
        state = stored.state(datetime.now(UTC))
        if state != "valid":
            raise TokenRefused(f"key_{state}", f"The key {key.key_id} is {state}.")
        return stored.client

    async def _stored(self, key: Key) -> Stored | None:
        """One look for all who ask at the same time; what fails has failed for those who waited behind it too."""
        came_s = time.monotonic()
        async with self._asking:
            found = self._known.get(key.key_id)
            if found is not None and time.monotonic() - found[0] <= KNOWN_FOR_S:
                return found[1]
            if self._failed_at_s > came_s:
                raise KeysAway
            try:
                stored = await self._asked(key)
            except Exception:
                self._failed_at_s = time.monotonic()
                raise
            while len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known.pop(key.key_id, None)  # the newest stand last
            self._known[key.key_id] = (time.monotonic(), stored)
            return stored

    async def _asked(self, key: Key) -> Stored | None:
        async with self._runtime.transaction() as tx:
            stored = await api_keys.find(tx, key.key_id)
            if stored is not None and stored.is_of(key):
                await api_keys.note_use(tx, key.key_id)
            return stored


def _limit(rates: Rates, who: str, *, counts: bool = True) -> None:
    """Raises `Refused` for somebody who comes too often."""
    wait_s = rates.wait_s(who, counts=counts)
    if wait_s:
        again = math.ceil(wait_s)
        detail = f"You ask too often; ask again in {again} s."
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", detail, {"Retry-After": str(again)})


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _header(scope: Scope) -> str | None:
    """The Authorization header; None where there is none, or more than one."""
    found = [content for name, content in scope["headers"] if name == b"authorization"]
    return found[0].decode("latin-1") if len(found) == 1 else None
