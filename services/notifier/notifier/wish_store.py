"""SQL of requests with a key: who is at one, what it asked for, and what it was answered. Rows stay for good."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import text

from chassis.service import Tx

_CLAIM = text("""
insert into wishes (idempotency_key, fingerprint, message_id, claimed_at)
values (:key, :fingerprint, :message_id, now())
on conflict (idempotency_key) do update set claimed_at = excluded.claimed_at
where wishes.granted_at is null and wishes.fingerprint = excluded.fingerprint
  and wishes.claimed_at < now() - cast(:patience as interval)
returning idempotency_key
""")
_KNOWN = text("select fingerprint, message_id, granted_at from wishes where idempotency_key = :key")
_GRANT = text("update wishes set granted_at = now() where idempotency_key = :key")
_RELEASE = text("delete from wishes where idempotency_key = :key and granted_at is null")


class Known(NamedTuple):
    """What is remembered of a key."""

    fingerprint: str
    message_id: str
    granted: bool


async def claim(tx: Tx, key: str, fingerprint: str, message_id: str, patience: timedelta) -> bool:
    """Whether the key is ours to work on: new, or of the same request whose worker was not heard of for so long."""
    values = {"key": key, "fingerprint": fingerprint, "message_id": message_id, "patience": patience}
    return (await tx.execute(_CLAIM, values)).first() is not None


async def known(tx: Tx, key: str) -> Known | None:
    """What was asked for with it."""
    row = (await tx.execute(_KNOWN, {"key": key})).first()
    return Known(row.fingerprint, row.message_id, row.granted_at is not None) if row else None


async def grant(tx: Tx, key: str) -> None:
    """It is done; the same request again has the same answer."""
    await tx.execute(_GRANT, {"key": key})


async def release(tx: Tx, key: str) -> None:
    """It was refused, and may be asked for again."""
    await tx.execute(_RELEASE, {"key": key})
