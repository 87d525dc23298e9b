"""Bearer tokens of the shop's own identity provider: JSON Web Tokens (RFC 7519, 9068), checked by its public keys.

Owns the copy of the provider's key set and when it is fetched again. The algorithms are pinned here, all asymmetric: a
token chooses among keys, never how it is checked (RFC 8725, 3.1).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import jwt
import structlog

from chassis.access import Client

log = structlog.get_logger(__name__)

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
LEEWAY_S = 30
"""Between the provider's clock and ours."""
FRESH_S = 600
"""After so long the keys are fetched again, while the known ones hold."""
PAUSE_S = 60
"""Between two fetches, whatever is asked for."""
STALE_S = 86_400
"""Keys that could not be fetched again for so long hold no more."""
TIMEOUT_S = 5.0
MOST_BYTES = 262_144

Fetch = Callable[[str], Awaitable[Any]]
"""The key set behind an address, as JSON; raises whatever goes wrong."""


class TokenRefused(Exception):
    """The token opens nothing; `detail` says why to its holder."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class KeysAway(Exception):
    """The provider's keys could not be fetched; nobody knows whether the token is good."""


async def fetch(url: str) -> Any:
    """Over HTTP, without following anybody anywhere. Raises httpx's errors, and ValueError for what is too much."""
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client, client.stream("GET", url) as got:
        got.raise_for_status()
        body = bytearray()
        async for chunk in got.aiter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES} bytes")
    return httpx.Response(200, content=bytes(body)).json()


class Tokens:
    """Those of one issuer for one audience."""

    def __init__(
        self, issuer: str, audience: str, jwks_url: str, *,
        fetch: Fetch = fetch, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._issuer, self._audience, self._url = issuer, audience, jwks_url
        self._fetch, self._clock = fetch, clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at_s = self._tried_at_s = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def client_of(self, token: str) -> Client:
        """Who shows it. Raises `TokenRefused` and `KeysAway`."""
        try:
            head = jwt.get_unverified_header(token)
            key = await self._key(str(head.get("kid", "")))
            if head.get("alg") != key.algorithm_name:
                raise jwt.InvalidAlgorithmError("not the algorithm of its key")
            claims = jwt.decode(
                token, key, algorithms=[key.algorithm_name], issuer=self._issuer, audience=self._audience,
                leeway=LEEWAY_S, options={"require": ["exp", "iss", "aud", "sub"]},
            )  # fmt: skip
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("token_expired", "The token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise TokenRefused("token_refused", f"The token is refused: {_why(error)}.") from error
        return Client(f"token:{claims['sub']}", str(claims.get("client_id", claims["sub"])), scopes_in(claims))

    async def _key(self, key_id: str) -> jwt.PyJWK:
        self._look(key_id)
        if key_id not in self._keys and self._fetching is not None:
            await asyncio.shield(self._fetching)
        if self._clock() - self._fetched_at_s > STALE_S:
            raise KeysAway
        if key_id not in self._keys:
            raise TokenRefused("token_refused", "The token is refused: it names no key of its issuer.")
        return self._keys[key_id]

    def _look(self, key_id: str) -> None:
        """Fetch the keys again, if that is due and was not tried just now. Known keys wait for nothing."""
        now_s = self._clock()
        due = key_id not in self._keys or now_s - self._fetched_at_s > FRESH_S
        if due and now_s - self._tried_at_s >= PAUSE_S:
            self._tried_at_s = now_s
            self._fetching = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            found = await asyncio.wait_for(self._fetch(self._url), 2 * TIMEOUT_S)
            self._keys, self._fetched_at_s = usable(found), self._clock()
        except Exception as error:  # noqa: BLE001 whatever it is: the known keys hold on, and it is tried again
            log.warning("the issuer's keys could not be fetched", error=type(error).__name__)
        finally:
            self._fetching = None


def usable(found: Any) -> dict[str, jwt.PyJWK]:
    """The keys of a set (RFC 7517) that check signatures by an algorithm of ours, by their ids. Raises ValueError."""
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise ValueError("no key set")  # noqa: TRY004 a wrong document, not a wrong call
    keys = {}
    for one in found["keys"]:
        if not isinstance(one, dict) or not isinstance(one.get("kid"), str) or one.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK.from_dict(one)
        except jwt.PyJWTError:
            continue  # of a kind that nobody here knows; the others hold
        if key.algorithm_name in ALGORITHMS:
            keys[one["kid"]] = key
    return keys


def scopes_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """`scope` by space (RFC 9068), or the list `scp` or `permissions` that some providers write."""
    for name in ("scope", "scp", "permissions"):
        match claims.get(name):
            case str(words):
                return frozenset(words.split())
            case list(words):
                return frozenset(map(str, words))
    return frozenset()


def _why(error: Exception) -> str:
    """In words of ours; a library's may quote the token."""
    match error:
        case jwt.InvalidAudienceError():
            return "it is for another audience"
        case jwt.InvalidIssuerError():
            return "it is of another issuer"
        case jwt.ImmatureSignatureError() | jwt.InvalidIssuedAtError():
            return "it does not hold yet"
        case jwt.MissingRequiredClaimError():
            return "a claim is missing; exp, iss, aud and sub are needed"
        case jwt.InvalidAlgorithmError():
            return "it is signed by an algorithm that its key is not for"
        case jwt.InvalidSignatureError():
            return "its signature is not right"
        case _:
            return "it is no JSON Web Token of this issuer"
