"""Who carries messages: the shop's providers by channel, from a file, or everything that is wrong with it.

Owns what such a file may say. Secrets never stand in it, only the names of the environment's variables that hold them.
How such files are read is `chassis.policy_files`.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from msgspec import Meta, Struct

from chassis.policy_files import PolicyRefused, Reading, content_of, fields_of
from contracts.vocabulary import Channel
from notifier.policy import Reach, Version
from notifier.smtp_security import SmtpSecurity

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Variable = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
PerSecond = Annotated[float, Meta(gt=0, le=10_000)]
Seconds = Annotated[float, Meta(gt=0, le=60)]
AtOnce = Annotated[int, Meta(ge=1, le=50)]
Failures = Annotated[int, Meta(ge=1, le=1_000)]
_PLACE = re.compile(r"\{([a-z_]+)\}")
_A_VARIABLE = "the name of a variable of the environment, for example SMTP_PASSWORD"
EXPECTED = {
    "key": "a name is a word of small letters, for example main",
    "password_from": _A_VARIABLE,
    "per_second": "a number above 0",
    "at_once": "a number from 1 to 50",
    "timeout_s": "seconds, above 0 and at most 60",
}


class Carrying(Struct, frozen=True, kw_only=True):
    """What holds for every provider."""

    per_second: PerSecond | None = None
    """At most so many messages; None: as many as it takes."""
    at_once: AtOnce = 4
    """Side by side: connections of a mail server, requests of anything else."""
    timeout_s: Seconds = 20.0
    """Patience with each step."""
    opens_after: Failures = 5
    """So many failures in a row, and it is left alone."""
    rests_s: Annotated[float, Meta(gt=0, le=3_600)] = 10.0
    """For so long; then one message tries."""


class Smtp(Carrying, frozen=True, kw_only=True):
    """A mail server."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535)] = 25
    security: SmtpSecurity = SmtpSecurity.none
    username: str | None = None
    password_from: Variable | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a password that is not there."""
        self.password  # noqa: B018 asked for its error

    @property
    def password(self) -> str | None:
        """Of its account."""
        return _held_by(self.password_from) if self.password_from else None


class Apprised(Carrying, frozen=True, kw_only=True):
    """Anything that apprise knows, by its URL; `{address}` is where a message goes, other places are secrets."""

    url: str = ""
    secrets: dict[str, Variable] = {}
    """By place in the URL."""

    def __post_init__(self) -> None:
        """Raises ValueError where an address could change who is spoken to, or a secret stands in the open."""
        places = _PLACE.findall(self.url)
        unknown = sorted(set(places) - {"address", *self.secrets})
        if places.count("address") != 1:
            raise ValueError("the url needs one {address}, where a message goes")
        if unknown or set(self.secrets) - set(places):
            raise ValueError(f"places of the url and secrets do not match: {', '.join(unknown or self.secrets)}")
        scheme, _, rest = self.url.partition("://")
        host, slash, _ = rest.partition("/")
        if not scheme or not slash or "{address}" in scheme + host:
            raise ValueError("{address} stands in the path or behind it, as in sms://{key}/{address}")
        password = urlsplit(self.url).password
        if password and not _PLACE.fullmatch(password):
            raise ValueError("a password is named, not written: put {name} in its place and the variable into secrets")
        self.filled("address")

    def filled(self, address: str) -> str:
        """The URL for one address, in which nothing of it can begin another part (RFC 3986, section 2.1)."""
        values = {"address": address} | {name: _held_by(variable) for name, variable in self.secrets.items()}
        return _PLACE.sub(lambda place: quote(values[place[1]], safe=""), self.url)


class Providers(Struct, frozen=True, kw_only=True):
    """By channel, those that are asked first above the others."""

    version: Version = "1"
    email: dict[Name, Smtp] = {}
    sms: dict[Name, Apprised] = {}
    push: dict[Name, Apprised] = {}
    chat: dict[Name, Apprised] = {}

    def of(self, channel: Reach | Channel) -> dict[str, Smtp] | dict[str, Apprised]:
        """Those of one channel."""
        found: dict[str, Smtp] | dict[str, Apprised] = getattr(self, str(channel))
        return found


def read(path: Path) -> Providers:
    """The providers that a file describes. Raises `PolicyRefused` with everything that is wrong."""
    reading = Reading(EXPECTED)
    root = reading.root(content_of(path))
    values: dict[str, Any] = {}
    if root is not None:
        values = reading.values(Providers, reading.versioned(root, set(fields_of(Providers))))
    if reading.problems:
        raise PolicyRefused(path, reading.problems)
    return Providers(**values)


def _held_by(variable: str) -> str:
    """Raises ValueError where nobody set it."""
    value = os.environ.get(variable)
    if not value:
        raise ValueError(f"the variable {variable} is not set in the environment")
    return value
