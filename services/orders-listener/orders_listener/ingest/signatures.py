"""Signatures: whether what was delivered comes from whom it says, unchanged and not stale.

Owns the forms in which providers sign: always over the bytes as they came, compared in constant time, under any of
several secrets, so that the old and the new one both hold while a secret is changed. Pure: reads no clock, and says
of a refusal never what was signed.
"""

import base64
import binascii
import hmac
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

REPLAY_WINDOW = timedelta(minutes=5)
"""So far may a signed moment be from ours, either way (Standard Webhooks 1.0.0 leaves it to the receiver; usual)."""


class Delivery(NamedTuple):
    """What came over HTTP, before anybody believes it."""

    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    received_at: datetime


class BadSignature(Exception):
    """It is not shown to come from the provider. `code`: signature_missing, signature_wrong or signature_stale."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


Check = Callable[[Delivery, Sequence[str]], None]
"""Raises `BadSignature`; the secrets are as their setting has them."""


def base64_of_body(*headers: str) -> Check:
    """Base64 of HMAC-SHA256 over the body, in the first of the headers that is there.

    Shopify (shopify.dev, "Verify deliveries"), WooCommerce (REST API documentation, "Webhooks") and AfterShip
    ("Webhook signature") sign so.
    """

    def check(delivery: Delivery, secrets: Sequence[str]) -> None:
        given = _from_base64(_required(delivery, headers))
        _one_of(given, (_hmac(secret.encode(), delivery.body) for secret in secrets))

    return check


def easypost(delivery: Delivery, secrets: Sequence[str]) -> None:
    """`hmac-sha256-hex=` and the HMAC in hex, the secret in normal form NFKD (EasyPost's client libraries).

    X-Hmac-Signature is over the body. X-Hmac-Signature-V2 is over moment, method, path and body, and is looked at where
    it comes alone: who replays a delivery could leave it out, and a repetition says nothing twice in any case.
    """
    keys = [unicodedata.normalize("NFKD", secret).encode() for secret in secrets]
    if _EASYPOST in delivery.headers or _EASYPOST_2 not in delivery.headers:
        given, signed = _required(delivery, (_EASYPOST,)), delivery.body
    else:
        given, moment = delivery.headers[_EASYPOST_2], delivery.headers.get("x-timestamp", "")
        _fresh(_rfc2822(moment), delivery.received_at)
        signed = f"{moment}POST{delivery.headers.get('x-path', '')}".encode() + delivery.body
    _one_of(_from_hex(given.removeprefix("hmac-sha256-hex=")), (_hmac(key, signed) for key in keys))


_EASYPOST, _EASYPOST_2 = "x-hmac-signature", "x-hmac-signature-v2"


def standard_webhooks(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Standard Webhooks 1.0.0, symmetric: `v1,` and base64 of the HMAC over id, moment and body; several by blanks.

    Secrets are `whsec_` and base64, as `standard_webhooks_key` reads them.
    """
    identity, moment = (_required(delivery, (name,)) for name in ("webhook-id", "webhook-timestamp"))
    given = [
        _from_base64(signature.removeprefix("v1,"))
        for signature in _required(delivery, ("webhook-signature",)).split()
        if signature.startswith("v1,")
    ]
    _fresh(_epoch(moment), delivery.received_at)
    signed = f"{identity}.{moment}.".encode() + delivery.body
    expected = [_hmac(standard_webhooks_key(secret), signed) for secret in secrets]
    if True not in [hmac.compare_digest(one, right) for one in given for right in expected]:
        raise _wrong()


def standard_webhooks_key(secret: str) -> bytes:
    """The key in a secret. Raises `ValueError` for one that is no base64 or shorter than 24 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is whsec_ and base64") from error
    if len(key) < 24:
        raise ValueError("a secret has at least 24 bytes")
    return key


def _required(delivery: Delivery, headers: Iterable[str]) -> str:
    found = next((given for name in headers if (given := delivery.headers.get(name))), None)
    if found is None:
        raise BadSignature("signature_missing", f"There is no header {' or '.join(headers)}.")
    return found


def _hmac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")


def _one_of(given: bytes, expected: Iterable[bytes]) -> None:
    if True not in [hmac.compare_digest(given, right) for right in expected]:  # every secret takes its time
        raise _wrong()


def _wrong() -> BadSignature:
    return BadSignature("signature_wrong", "The signature is not of this body under a secret known here.")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong() from error


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise _wrong() from error


def _fresh(moment: datetime | None, received_at: datetime) -> None:
    if moment is None or abs(received_at - moment) > REPLAY_WINDOW:
        seconds = round(REPLAY_WINDOW.total_seconds())
        raise BadSignature("signature_stale", f"The signed moment is not within {seconds} seconds of ours.")


def _epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _rfc2822(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
