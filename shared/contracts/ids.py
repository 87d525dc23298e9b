"""How ids are derived: what follows from the same parts has the same id, also after a restored backup."""

from uuid import NAMESPACE_URL, UUID, uuid5

RAPPORT = uuid5(NAMESPACE_URL, "urn:rapport")
"""Namespace of every id we derive."""


def derived_id(*parts: str) -> UUID:
    """An id for something that follows from `parts`: whose or what kind it is, then the natural key.

    Other parts give another id, whatever they are made of: each goes in behind its length.
    """
    return uuid5(RAPPORT, "".join(f"{len(part)}:{part}" for part in parts))
