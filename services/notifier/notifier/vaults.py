"""Encryption of personal data: a key per person, wrapped by a master key. Pure; knows no table.

AES-256-GCM (NIST SP 800-38D) with a random nonce in front of what it encrypts. What a thing belongs to is bound to it
as associated data: the row of one person cannot be passed off as that of another.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

KEY_BYTES = 32
NONCE_BYTES = 12
"""The length that GCM is made for; random ones are safe for 2³² encryptions under one key (SP 800-38D, 8.3)."""


class Unopenable(Exception):
    """These bytes cannot be decrypted: another key, another owner, or damaged."""


class Wrapped(Struct, frozen=True):
    """A key as it may be stored: under which master key, and what came out."""

    master_id: str
    content: bytes


@dataclass(frozen=True)
class Vault:
    """Makes, wraps and unwraps keys. `masters` maps the id of a master key to it; the first one wraps."""

    masters: Mapping[str, AESGCM] = field(repr=False)

    @classmethod
    def from_setting(cls, setting: str) -> "Vault":
        """`id:base64[,id:base64 …]`, 32 bytes each, the wrapping key first; `ValueError` says what is wrong."""
        masters: dict[str, AESGCM] = {}
        for pair in filter(None, (part.strip() for part in setting.split(","))):
            master_id, _, encoded = pair.partition(":")
            if not master_id or master_id in masters:
                raise ValueError("NOTIFIER_MASTER_KEYS: write id:base64 by comma, each id once")
            masters[master_id] = AESGCM(_key_of(encoded))
        if not masters:
            raise ValueError("NOTIFIER_MASTER_KEYS: at least one key is needed")
        return cls(masters)

    @property
    def wrapping_id(self) -> str:
        """The master key under which new keys are stored."""
        return next(iter(self.masters))

    def wrap(self, key: bytes, owner: str) -> Wrapped:
        """The key of `owner`, as it may be stored."""
        return Wrapped(self.wrapping_id, encrypted(self.masters[self.wrapping_id], key, owner))

    def unwrap(self, wrapped: Wrapped, owner: str) -> AESGCM:
        """The key of `owner`. Raises `Unopenable`, also when its master key is not among ours."""
        master = self.masters.get(wrapped.master_id)
        if master is None:
            raise Unopenable(f"no master key is called {wrapped.master_id}")
        return AESGCM(decrypted(master, wrapped.content, owner))

    def new_key(self, owner: str) -> Wrapped:
        """A fresh key for `owner`."""
        return self.wrap(secrets.token_bytes(KEY_BYTES), owner)

    def rewrapped(self, wrapped: Wrapped, owner: str) -> Wrapped:
        """The same key under the master key that wraps now."""
        return self.wrap(decrypted(self.masters[wrapped.master_id], wrapped.content, owner), owner)


def encrypted(key: AESGCM, content: bytes, belongs_to: str) -> bytes:
    """Nonce and ciphertext: 28 bytes longer than `content`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, belongs_to.encode())


def decrypted(key: AESGCM, content: bytes, belongs_to: str) -> bytes:
    """What `encrypted` was given. Raises `Unopenable`."""
    try:
        return key.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], belongs_to.encode())
    except (InvalidTag, ValueError) as error:
        raise Unopenable("another key, another owner, or damaged") from error


def _key_of(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"NOTIFIER_MASTER_KEYS: a key is {KEY_BYTES} random bytes in base64")
    return key
