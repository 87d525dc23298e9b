"""What stands for an address where the address itself must not stand: a keyed hash, the same as long as the key is.

The key is set once, at start, before anything is hashed. It must outlive the keys of links: with another key nobody
who asked not to be written to would be recognised.
"""

import hmac

_KEY = [b"\0" * 32]


def use_key(key: bytes) -> None:
    """From now on hashes are made under this key."""
    _KEY[0] = key


def address_hash(address: str) -> bytes:
    """32 bytes that recognise the address, however its capitals are written, and do not give it away."""
    return hmac.digest(_KEY[0], address.strip().casefold().encode(), "sha256")
