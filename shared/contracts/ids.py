"""How ids are derived: what follows from the same parts has the same id, also after a restored backup."""

from hashlib import sha1
from uuid import NAMESPACE_URL, uuid5

RAPPORT = uuid5(NAMESPACE_URL, "urn:rapport").bytes
"""Namespace of every id we derive."""
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def derived_id(*parts: str) -> str:
    """An id for something that follows from `parts`: whose or what kind it is, then the natural key.

    Other parts give another id, whatever they are made of: each goes in behind its length. A name-based UUID
    (RFC 9562, version 5), written here because `uuid.uuid5` takes three times as long, once for every fact said.
    """
    name = "".join([f"{len(part)}:{part}" for part in parts])
    digest = sha1(RAPPORT + name.encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
