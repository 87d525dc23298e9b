"""What is remembered of an address when the address itself must be forgotten: a keyed hash.

Owns how addresses are normalised, so that one that was suppressed is recognised however a shop writes it. Whoever holds
the hashes and not the key can neither read an address nor try one out.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field

SHORTEST_KEY_BYTES = 32
_PHONE = re.compile(r"\+?[0-9][0-9 ()./\u00a0-]*")


@dataclass(frozen=True)
class Pseudonyms:
    """Hashes under the one key of an installation (`NOTIFIER_ADDRESS_KEY`). It never changes: no hash can be redone."""

    key: bytes = field(repr=False)

    @classmethod
    def from_setting(cls, setting: str) -> "Pseudonyms":
        """The key in base64, at least 32 bytes; `ValueError` says what is wrong."""
        try:
            key = base64.b64decode(setting, validate=True)
        except ValueError:
            key = b""
        if len(key) < SHORTEST_KEY_BYTES:
            raise ValueError(f"NOTIFIER_ADDRESS_KEY: write at least {SHORTEST_KEY_BYTES} random bytes in base64")
        return cls(key)

    def address_hash(self, address: str) -> bytes:
        """HMAC-SHA256 of the address as `normalised`, 32 bytes."""
        return hmac.digest(self.key, normalised(address).encode(), hashlib.sha256)


_IN_USE = [Pseudonyms(bytes(SHORTEST_KEY_BYTES))]


def use(pseudonyms: Pseudonyms) -> None:
    """From now on this process hashes addresses under that key; set once, at start."""
    _IN_USE[0] = pseudonyms


def address_hash(address: str) -> bytes:
    """The hash under the key in use."""
    return _IN_USE[0].address_hash(address)


def normalised(address: str) -> str:
    """One spelling for what reaches the same place.

    E-mail: no case (the part before the @ too: no provider of weight tells it apart), the domain as in DNS. Telephone:
    its digits, `00` as `+`. Anything else, like the address of a device or a chat, as it is but for spaces around it.
    """
    plain = unicodedata.normalize("NFC", address).strip()
    if _PHONE.fullmatch(plain):
        digits = re.sub(r"[^0-9+]", "", plain)
        return f"+{digits[2:]}" if digits.startswith("00") else digits
    if "@" in plain and "://" not in plain:
        name, _, domain = plain.casefold().rpartition("@")
        return f"{name}@{_in_dns(domain)}"
    return plain


def _in_dns(domain: str) -> str:
    if domain.isascii():  # nearly all are, and the codec takes longer than everything else here
        return domain.rstrip(".")
    try:
        return domain.rstrip(".").encode("idna").decode()
    except UnicodeError:  # no domain at all: it is compared as it is written
        return domain
