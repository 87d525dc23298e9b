"""Addresses that name the mail they belong to: where its bounces go, and where answers to it go.

`bounce+<message id>.<proof>@domain` and `reply+<message id>.<proof>@domain`. The proof is an HMAC under a key that only
we have, so that nobody can send us a bounce of a mail that they have not seen. Owns the form and the proof; must not
know what a bounce or an answer leads to.
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

LONGEST_LOCAL_PART = 64
"""Octets (RFC 5321, section 4.5.3.1.1)."""
PROOF_BYTES = 10
"""80 bits; 16 letters and digits that are the same in capitals, since local parts do not keep their case on the way."""
_NAMED = re.compile(r"(?:.{1,40}=)?(bounce|reply)\+([a-z0-9-]{1,40})\.([a-z2-7]{16})")
"""Perhaps behind a tag that a mail server on the way has put before it (BATV: `prvs=tag=`)."""
_IN_TEXT = re.compile(r"\b(?:bounce|reply)\+[a-z0-9-]{1,40}\.[a-z2-7]{16}@[a-z0-9.-]{1,253}", re.IGNORECASE)


class Use(StrEnum):
    """What an address is for."""

    bounce = "bounce"
    reply = "reply"


class Named(Struct, frozen=True):
    """A mail of ours that an address names."""

    message_id: str
    use: Use


class Addressing:
    """The addresses of one shop. Without a domain of its own everything goes to the sender's address."""

    def __init__(self, keys: Mapping[str, bytes], *, domain: str | None, sender: str) -> None:
        """`keys` are those of signed links: the first one proves, every one is believed (rotation)."""
        self._keys = [hmac.digest(key, b"addresses of mails", "sha256") for key in keys.values()]
        self._domain = domain.lower() if domain else None
        self._sender = sender

    def return_path(self, message_id: str) -> str:
        """Where the mail's bounces go: the envelope's sender."""
        return self._address(Use.bounce, message_id)

    def reply_to(self, message_id: str) -> str:
        """Where answers to the mail go."""
        return self._address(Use.reply, message_id)

    def named_by(self, address: str) -> Named | None:
        """The mail that an address of ours names; None for every other one. Capitals do not matter."""
        local, _, domain = address.strip().strip("<>").lower().rpartition("@")
        found = _NAMED.fullmatch(local) if domain == self._domain else None
        if found is None:
            return None
        use, message_id, proof = Use(found[1]), found[2], found[3]
        right = [hmac.compare_digest(_proof(key, use, message_id), proof) for key in self._keys]
        return Named(message_id, use) if True in right else None

    def named_in(self, text: str) -> Named | None:
        """The first mail that stands in such a text, for example in the headers that a report gives back."""
        candidates = (self.named_by(found) for found in _IN_TEXT.findall(text))
        return next((named for named in candidates if named), None)

    def _address(self, use: Use, message_id: str) -> str:
        if self._domain is None:
            return self._sender
        local = f"{use}+{message_id}.{_proof(self._keys[0], use, message_id)}"
        if len(local) > LONGEST_LOCAL_PART or not _NAMED.fullmatch(local):
            return self._sender
        return f"{local}@{self._domain}"


def _proof(key: bytes, use: Use, message_id: str) -> str:
    digest = hmac.digest(key, f"{use}:{message_id}".encode(), "sha256")[:PROOF_BYTES]
    return b32encode(digest).decode().lower()
