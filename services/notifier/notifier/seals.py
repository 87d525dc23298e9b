"""DKIM (RFC 6376): the shop's domain vouches for each mail as it leaves. Off without a key.

The signature covers every header of the mail, both List-Unsubscribe headers among them, as RFC 8058 asks. The library
`cryptography` signs; a mail's canonical form is made here, since the usual library for both (dkimpy) computes RSA in
Python, and that takes longer than everything else about a mail. The tests let that library check ours.
"""

import base64
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifier.settings import NotifierSettings

SHORTEST_KEY_BITS = 2_048
"""RFC 8301, section 3.2: signers should use at least so many."""
NOBODY_ADDS = (
    b"from", b"to", b"cc", b"subject", b"date", b"reply-to", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""Named once more than they occur: who adds another one on the way breaks the signature (RFC 6376, section 8.15)."""

_SPACES = re.compile(rb" [ \t]+|\t[ \t]*")
"""Runs that are not one space already."""
_FOLDS = re.compile(rb"\r\n(?=[ \t])")
_CRLF = b"\r\n"


class Seal:
    """Signs the mails of one domain. The public half of the key stands at `<selector>._domainkey.<domain>`."""

    def __init__(self, key: RSAPrivateKey, *, domain: str, selector: str) -> None:
        self._key = key
        self._who = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};".encode()

    def sealed(self, mail: bytes) -> bytes:
        """The mail, whose lines end in CRLF, with a signature above its headers."""
        head, _, body = mail.partition(_CRLF * 2)
        headers = [relaxed_header(line) for line in _FOLDS.sub(b"", head).split(_CRLF)]
        headers.reverse()  # of headers with the same name the last one counts first (RFC 6376, section 5.4.2)
        names = [name for name, _ in headers]
        body_hash = base64.b64encode(sha256(relaxed_body(body)).digest())
        covered = _listed([*names, *NOBODY_ADDS])
        unsigned = _CRLF.join((self._who, b"\th=" + covered + b";", b"\tbh=" + body_hash + b";", b"\tb="))
        _, own = relaxed_header(_FOLDS.sub(b"", unsigned))
        signed = _CRLF.join([*(line for _, line in headers), own])
        signature = base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256()))
        return unsigned + _in_lines(signature) + _CRLF + mail


def seal_of(settings: NotifierSettings) -> Seal | None:
    """The shop's seal; None without a key file. `ValueError` when the file holds no RSA key that is long enough."""
    if settings.dkim_key_file is None:
        return None
    domain = settings.dkim_domain or settings.sender_address.rpartition("@")[2]
    return Seal(_key_in(settings.dkim_key_file), domain=domain, selector=settings.dkim_selector)


def relaxed_header(line: bytes) -> tuple[bytes, bytes]:
    """Name and whole line of an unfolded header in relaxed form (RFC 6376, section 3.4.2)."""
    name, _, content = line.partition(b":")
    name = name.strip(b" \t").lower()
    return name, name + b":" + _SPACES.sub(b" ", content).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4: runs of spaces count as one, at the end of a line and of the body nothing counts."""
    lines = _SPACES.sub(b" ", body).replace(b" \r\n", _CRLF).rstrip(b"\r\n ")
    return lines + _CRLF if lines else b""


def _key_in(file: Path) -> RSAPrivateKey:
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_KEY_BITS:
        raise ValueError(f"DKIM_KEY_FILE: an RSA key of at least {SHORTEST_KEY_BITS} bits is needed")
    return key


def _listed(names: Sequence[bytes]) -> bytes:
    """On short lines: a mail server that folds long ones itself would break the signature."""
    fours = (b":".join(names[first : first + 4]) for first in range(0, len(names), 4))
    return b":\r\n\t ".join(fours)


def _in_lines(text: bytes) -> bytes:
    return b"\r\n\t ".join(text[first : first + 72] for first in range(0, len(text), 72))
