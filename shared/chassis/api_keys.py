"""API keys: `rpt_<id>_<secret>`, of which the database knows the id and a hash of the secret.

Owns the table `api_keys` and the form of a key. A secret has 256 random bits, so SHA-256 is hash enough: there
is nothing to guess, and a key is checked with each request.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import text

from chassis.access import Client
from chassis.errors import NotFound, Rejected
from chassis.service import Tx

FORM = re.compile(r"rpt_([0-9a-f]{16})_([0-9a-f]{64})")
USED_EVERY_S = 60
"""How exactly `last_used_at` is known."""


class Key(NamedTuple):
    """One key as its holder has it; never stored, never logged."""

    key_id: str
    secret: str

    @classmethod
    def new(cls) -> "Key":
        """One that nobody has."""
        return cls(secrets.token_hex(8), secrets.token_hex(32))

    @classmethod
    def read(cls, credential: str) -> "Key | None":
        """None for what is no key of ours."""
        found = FORM.fullmatch(credential)
        return cls(*found.groups()) if found else None

    def written(self) -> str:
        """As its holder shows it."""
        return f"rpt_{self.key_id}_{self.secret}"

    def hashed(self) -> bytes:
        """As it is stored."""
        return sha256(self.secret.encode()).digest()


@dataclass(frozen=True)
class Stored:
    """A key as the database knows it."""

    key_id: str
    name: str
    """Who holds it."""
    scopes: tuple[str, ...]
    secret_hash: bytes
    days: int
    """How long it was meant to hold."""
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_of(self, key: Key) -> bool:
        """Whether that is its secret; takes as long for a wrong one."""
        return hmac.compare_digest(self.secret_hash, key.hashed())

    def state(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "valid"

    @cached_property
    def client(self) -> Client:
        """Who comes with it."""
        return Client(f"key:{self.key_id}", self.name, frozenset(self.scopes))


async def keep(tx: Tx, key: Key, *, name: str, scopes: Sequence[str], days: int) -> None:
    """Let a key in from now on, for so long. Raises `Rejected` (key_known) for an id that is known already."""
    values = {"id": key.key_id, "name": name, "scopes": list(scopes), "hash": key.hashed(), "days": days}
    if not (await tx.execute(_KEEP, values)).rowcount:
        raise Rejected("key_known", f"There is a key {key.key_id} already.")


async def find(tx: Tx, key_id: str) -> Stored | None:
    """One, whatever its state."""
    row = (await tx.execute(_ONE, {"id": key_id})).one_or_none()
    return None if row is None else Stored(**{**row._mapping, "scopes": tuple(row.scopes)})


async def listed(tx: Tx) -> list[Stored]:
    """All that there ever were, the newest first."""
    return [Stored(**{**row._mapping, "scopes": tuple(row.scopes)}) for row in await tx.execute(_ALL)]


async def note_use(tx: Tx, key_id: str) -> None:
    """It was shown and was right."""
    await tx.execute(_USED, {"id": key_id, "every_s": USED_EVERY_S})


async def end(tx: Tx, key_id: str, at: datetime) -> None:
    """It expires then, if not before."""
    await tx.execute(_END, {"id": key_id, "at": at})


async def revoke(tx: Tx, key_id: str) -> None:
    """It opens nothing any more. Raises `NotFound` (unknown_key)."""
    if not (await tx.execute(_REVOKE, {"id": key_id})).rowcount:
        raise NotFound("unknown_key", f"There is no key {key_id}.")


_COLUMNS = "key_id, name, scopes, secret_hash, days, created_at, expires_at, revoked_at, last_used_at"
_ONE = text(f"select {_COLUMNS} from api_keys where key_id = :id")  # noqa: S608 our names
_ALL = text(f"select {_COLUMNS} from api_keys order by created_at desc, key_id")  # noqa: S608 our names
_KEEP = text("""
    insert into api_keys (key_id, name, scopes, secret_hash, days, expires_at)
    values (:id, :name, cast(:scopes as text[]), :hash, :days, now() + make_interval(days => :days))
    on conflict (key_id) do nothing
""")
_USED = text("""
    update api_keys set last_used_at = now()
    where key_id = :id and (last_used_at is null or last_used_at < now() - make_interval(secs => :every_s))
""")
_END = text("update api_keys set expires_at = least(expires_at, :at) where key_id = :id")
_REVOKE = text("update api_keys set revoked_at = coalesce(revoked_at, now()) where key_id = :id")
