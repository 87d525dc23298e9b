"""SQL of people's answers: that one came and what was known then, so that it is passed on once, and the same if again.

Their words are not kept here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text

from chassis.service import Tx
from notifier.messages import Message
from notifier.store import message_of

REMEMBERED = timedelta(days=90)
"""Mail servers deliver again for some days."""

_ENTER = text("""
insert into answers (contact_id, customer_id, received_at, about)
values (:contact_id, :customer_id, :received_at, cast(:about as jsonb)) on conflict do nothing
""")
_ENTERED = text("select received_at, about, said_at from answers where contact_id = :contact_id")
_SAID = text("update answers set said_at = now() where contact_id = :contact_id")
_OF_ORDER = text("select m.* from messages m where m.customer_id = :customer_id and m.order_id = :order_id")
_FORGET = text("""
delete from answers where ctid = any(array(
    select ctid from answers where received_at < :before order by received_at limit :most for update skip locked))
""")


class Answer(NamedTuple):
    """One answer of a person."""

    received_at: datetime
    about: Any
    """What goes with it, in the forms of JSON."""
    said: bool
    """Kafka has it."""


async def enter(tx: Tx, contact_id: str, customer_id: str, received_at: datetime, about: Any) -> Answer:
    """The answer as it was when it came first."""
    document = msgspec.json.encode(about).decode()
    values = {"contact_id": contact_id, "customer_id": customer_id, "received_at": received_at, "about": document}
    await tx.execute(_ENTER, values)
    row = (await tx.execute(_ENTERED, {"contact_id": contact_id})).one()
    return Answer(row.received_at, row.about, row.said_at is not None)


async def mark_said(tx: Tx, contact_id: str) -> None:
    """Kafka has it."""
    await tx.execute(_SAID, {"contact_id": contact_id})


async def messages_about(tx: Tx, customer_id: str, order_id: str | None) -> Sequence[Message]:
    """Everything that was or will be said of an order."""
    if order_id is None:
        return []
    rows = (await tx.execute(_OF_ORDER, {"customer_id": customer_id, "order_id": order_id})).mappings()
    return [message_of(row) for row in rows]


async def forget_old(tx: Tx, now: datetime, most: int) -> bool:
    """What nobody delivers again, the oldest first, so many; whether there may be more."""
    return bool((await tx.execute(_FORGET, {"before": now - REMEMBERED, "most": most})).rowcount == most)
