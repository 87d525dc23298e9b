"""Who may do what: the rights there are, what a route says it needs, and how a request says who it comes from. Pure.

Each route declares its access where it is written, by `needs` or `opened`; `chassis.web` refuses to start with one that
does not. Knows no store of keys and no signature: `chassis.guard` asks those.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

LONGEST_CREDENTIAL = 8_192
"""Characters; a token with many claims has two or three thousand."""


class Right(StrEnum):
    """What a client may be allowed; with the service's name before it, it is a scope."""

    read = "read"
    """Look."""
    write = "write"
    """Give the commands of staff and of other services."""
    operate = "operate"
    """Keep it running: parked bytes, redrive, audits, endpoints; and everything of one person, as a whole."""


READ, WRITE, OPERATE = Right.read, Right.write, Right.operate


@dataclass(frozen=True)
class Needs:
    """Nobody without this right."""

    right: Right
    in_browser: bool = False
    """For pages that staff opens by their address: the browser asks for the key, as a password."""


@dataclass(frozen=True)
class Opened:
    """Nobody is asked who they are, and why not."""

    because: str
    limited: bool = True
    """Whether an address may come only so often."""


Access = Needs | Opened


@dataclass(frozen=True)
class Client:
    """Somebody who was recognised."""

    id: str
    """`key:` and the part of the key that may be seen, or `token:` and its subject."""
    name: str
    scopes: frozenset[str] = field(default_factory=frozenset)


def needs(right: Right, *, in_browser: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Declares what a client of this endpoint must be allowed; stands between the route and its function."""
    return _declared(Needs(right, in_browser))


def opened(because: str, *, limited: bool = True) -> Callable[[Endpoint], Endpoint]:
    """Declares that this endpoint asks nobody who they are; `because` finishes the sentence."""
    return _declared(Opened(because, limited))


def _declared(access: Access) -> Callable[[Endpoint], Endpoint]:
    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["access"] = access
        return endpoint

    return declare


def access_of(endpoint: Callable[..., Any]) -> Access | None:
    """What was declared; None: nothing, and then nobody may be let in."""
    return getattr(endpoint, "access", None)


def scope_of(service: str, right: Right) -> str:
    """As keys and tokens name it: `loyalty:read`."""
    return f"{service}:{right}"


def scopes_of(service: str) -> dict[str, Right]:
    """All scopes of a service."""
    return {scope_of(service, right): right for right in Right}


def credential_of(authorization: str | None, *, in_browser: bool = False) -> str | None:
    """The key or token of an Authorization header; None where there is none that could be one.

    `Bearer` (RFC 6750) everywhere; `Basic` (RFC 7617) with the key as password where a browser asks.
    """
    scheme, _, value = (authorization or "").partition(" ")
    match scheme.lower():
        case "bearer":
            credential = value.strip()
        case "basic" if in_browser:
            credential = _password(value.strip())
        case _:
            return None
    return credential if 0 < len(credential) <= LONGEST_CREDENTIAL and credential.isascii() else None


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def challenge(access: Needs, error: str | None = None, scope: str | None = None) -> Mapping[str, str]:
    """The header that says how to come back (RFC 9110, 11.6.1; the errors are those of RFC 6750, 3.1)."""
    parts = ['realm="rapport"', error and f'error="{error}"', scope and f'scope="{scope}"']
    bearer = f"Bearer {', '.join(filter(None, parts))}"
    return {"WWW-Authenticate": f'Basic realm="rapport", {bearer}' if access.in_browser else bearer}
