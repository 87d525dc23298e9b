"""Whether what was posted comes from whom it says. Over the bytes as they came, in constant time, under any of several
secrets, so that the old and the new one both hold while one is changed.

Owns the forms in which providers prove themselves. Reads no clock.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_pem_x509_certificates

MAILGUN_WINDOW = timedelta(hours=12)
"""Mailgun tries again for eight hours; its signature does not cover what it says, so it must not hold for ever."""
_SNS_FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What is signed of each kind, where it is there ("Verifying the signatures of Amazon SNS messages")."""


class Posted(NamedTuple):
    """What came over HTTP, before anybody believes it."""

    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes
    received_at: datetime


class BadSignature(Exception):
    """It is not shown to come from who it says; never says what was signed."""


Check = Callable[[Posted, Sequence[str]], None]
"""Raises `BadSignature`."""


def shared_secret(posted: Posted, secrets: Sequence[str]) -> None:
    """`Authorization: Bearer <secret>`, or Basic with the secret as `user:password` (Postmark has nothing else)."""
    kind, _, given = posted.headers.get("authorization", "").partition(" ")
    if kind.casefold() == "basic":
        given = _base64(given).decode("utf-8", "replace")
    elif kind.casefold() != "bearer":
        raise BadSignature
    _one_of(given.strip().encode(), [secret.encode() for secret in secrets])


def mailgun(posted: Posted, secrets: Sequence[str]) -> None:
    """In the body: hex of HMAC-SHA256 over timestamp and token ("Securing Webhooks")."""
    said = _object(posted.body).get("signature")
    signature = said if isinstance(said, dict) else {}
    moment, token, given = (str(signature.get(name, "")) for name in ("timestamp", "token", "signature"))
    _one_of(
        given.encode(),
        [hmac.digest(one.encode(), (moment + token).encode(), "sha256").hex().encode() for one in secrets],
    )
    try:
        signed_at = datetime.fromtimestamp(float(moment), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSignature from error
    if abs(posted.received_at - signed_at) > MAILGUN_WINDOW:
        raise BadSignature


def sendgrid(posted: Posted, secrets: Sequence[str]) -> None:
    """ECDSA with SHA-256 over timestamp and body ("Event Webhook Security Features"); the keys are public ones."""
    signature = _base64(posted.headers.get("x-twilio-email-event-webhook-signature", ""))
    signed = posted.headers.get("x-twilio-email-event-webhook-timestamp", "").encode() + posted.body
    if True not in [_verified(_public(one), signature, signed, SHA256()) for one in secrets]:
        raise BadSignature


def ses(posted: Posted, secrets: Sequence[str]) -> None:
    """RSA over some fields by name, with a certificate that we were given: what the message names is not fetched."""
    message = _object(posted.body)
    fields = _SNS_FIELDS.get(str(message.get("Type")), ())
    signed = "".join(f"{name}\n{message[name]}\n" for name in fields if name in message).encode("utf-8", "replace")
    signature = _base64(str(message.get("Signature", "")))
    hashed: HashAlgorithm = SHA256() if message.get("SignatureVersion") == "2" else SHA1()  # noqa: S303 as SNS signs
    keys = [certificate.public_key() for pem in secrets for certificate in load_pem_x509_certificates(pem.encode())]
    if not fields or True not in [_verified(key, signature, signed, hashed) for key in keys]:
        raise BadSignature


def _verified(key: Any, signature: bytes, signed: bytes, hashed: HashAlgorithm) -> bool:
    try:
        match key:
            case EllipticCurvePublicKey():
                key.verify(signature, signed, ECDSA(hashed))
            case RSAPublicKey():
                key.verify(signature, signed, PKCS1v15(), hashed)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _public(written: str) -> Any:
    try:
        return load_der_public_key(base64.b64decode(written))
    except (ValueError, binascii.Error) as error:
        raise ValueError("a verification key is base64 of a public key") from error


def _one_of(given: bytes, expected: Sequence[bytes]) -> None:
    if True not in [hmac.compare_digest(given, right) for right in expected]:  # every secret takes its time
        raise BadSignature


def _base64(written: str) -> bytes:
    try:
        return base64.b64decode(written.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadSignature from error
    return found if isinstance(found, dict) else {}
