"""Where parked records lie that may hold names and addresses: under the key of whom they name, else under a day's.

A person's key goes with the person. The keys of days, and those of people whom only a parked record ever named, go
after thirty days. Of somebody who was forgotten nothing is kept at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.service import Content, Tx
from notifier import key_store
from notifier.vaults import Vault, decrypted, encrypted

_OF_PERSON, _OF_DAY = b"p", b"d"
"""What the stored bytes begin with; behind the second stands the day, as in 2026-11-22."""
_DAY_ENDS = len(_OF_DAY) + len("2026-11-22")


@dataclass(frozen=True)
class ParkedSafe:
    """`chassis.service.Safe` for the notifier."""

    vault: Vault

    async def put(self, tx: Tx, contents: Sequence[Content]) -> list[bytes | None]:
        """Encrypted, bound to their places; None for those of somebody erased."""
        keys = await key_store.made_keys_of(tx, self.vault, _named(contents))
        nobodys = [content for content in contents if content.customer_id is None]
        day, days_key = await key_store.today(tx, self.vault) if nobodys else (date.min, None)
        stored: list[bytes | None] = []
        for place, customer_id, content in contents:
            key = days_key if customer_id is None else keys.get(customer_id)
            mark = _OF_DAY + day.isoformat().encode() if customer_id is None else _OF_PERSON
            stored.append(mark + encrypted(key, content, place) if key else None)
        return stored

    async def take(self, tx: Tx, contents: Sequence[Content]) -> list[bytes | None]:
        """Decrypted; None where the key is destroyed."""
        keys = await key_store.keys_of(tx, self.vault, _named(contents))
        days = await key_store.keys_of_days(tx, self.vault, {day for one in contents if (day := _day_of(one.content))})
        found: list[bytes | None] = []
        for place, customer_id, content in contents:
            day = _day_of(content)
            key = days.get(day) if day else keys.get(customer_id or "")
            found.append(decrypted(key, content[_DAY_ENDS if day else len(_OF_PERSON) :], place) if key else None)
        return found


def _named(contents: Sequence[Content]) -> set[str]:
    return {content.customer_id for content in contents if content.customer_id is not None}


def _day_of(stored: bytes) -> date | None:
    if not stored.startswith(_OF_DAY):
        return None
    return date.fromisoformat(stored[len(_OF_DAY) : _DAY_ENDS].decode())
