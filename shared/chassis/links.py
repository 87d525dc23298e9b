"""Signed links to a customer's pages: for one purpose and subject, until a time, verifiable by key id.

Minted by the notifier when it sends, verified by the page's service; nothing of it lies in Kafka. The token is a
JSON Web Token (RFC 7519) whose algorithm is pinned; the first key signs, every key verifies (rotation).
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import jwt
import msgspec

from chassis.errors import Rejected

ALGORITHM = "HS256"
SHORTEST_KEY_BYTES = 32


class LinkRefused(Rejected):
    """The link is forged, for something else, or too old (`code` tells which)."""


@dataclass(frozen=True)
class Links:
    """Mints and verifies. `keys` maps key id to secret, the signing key first."""

    keys: Mapping[str, bytes]

    @classmethod
    def from_setting(cls, setting: str) -> "Links":
        """`id:secret[,id:secret …]`, the signing key first; secrets of at least 32 bytes."""
        keys = {}
        for pair in filter(None, setting.split(",")):
            key_id, _, secret = pair.strip().partition(":")
            if not key_id or len(secret.encode()) < SHORTEST_KEY_BYTES:
                raise ValueError(f"LINK_KEYS: write id:secret with at least {SHORTEST_KEY_BYTES} bytes of secret")
            keys[key_id] = secret.encode()
        if not keys:
            raise ValueError("LINK_KEYS: at least one key is needed")
        return cls(keys)

    def mint(self, *, purpose: str, subject: str, customer_id: str, expires_at: datetime) -> str:
        """A token that opens `subject` for `purpose` until `expires_at`.

        It says no more than it must (`typ` is optional: RFC 7519, section 5.1): links stand in text messages too.
        """
        head, secret = self._signing
        claims = {"aud": purpose, "sub": subject, "cus": customer_id, "exp": int(expires_at.timestamp())}
        said = head + b"." + _encoded(_json(claims))
        return (said + b"." + _encoded(hmac.digest(secret, said, "sha256"))).decode()

    @cached_property
    def _signing(self) -> tuple[bytes, bytes]:
        """The head of every token, and the secret: PyJWT would look at the key again for each mail, and take ten times
        as long. It still verifies."""
        key_id, secret = next(iter(self.keys.items()))
        return _encoded(_json({"alg": ALGORITHM, "kid": key_id})), secret

    def verify(self, token: str, *, purpose: str) -> "LinkClaims":
        """Whose the token is and what it opens, whatever the time; `LinkRefused` with code bad_link."""
        try:
            secret = self.keys[jwt.get_unverified_header(token).get("kid", "")]
            claims = jwt.decode(
                token, secret, algorithms=[ALGORITHM], audience=purpose,
                options={"verify_exp": False, "require": ["aud", "sub", "exp"]},
            )  # fmt: skip
            return LinkClaims(str(claims["sub"]), str(claims["cus"]), datetime.fromtimestamp(claims["exp"], UTC))
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
            raise LinkRefused("bad_link", "This link is not valid. Please open it from the message again.") from error


@dataclass(frozen=True)
class LinkClaims:
    """What a verified link says."""

    subject: str
    customer_id: str
    expires_at: datetime

    def check_open(self, now: datetime) -> None:
        """`LinkRefused` with code link_expired from `expires_at` on. `now` is the customer's: it may be simulated."""
        if self.expires_at <= now:
            raise LinkRefused("link_expired", "This link has expired.")


def _encoded(part: bytes) -> bytes:
    """Base64 for addresses, without its padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(part).rstrip(b"=")


_json = msgspec.json.Encoder().encode
