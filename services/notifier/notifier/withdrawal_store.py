"""One click that cannot be folded yet (`withdrawals`), as it is stored. Transaction first, never commits."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.service import Tx
from contracts.vocabulary import Purpose
from notifier.preferences import Withdrawal

_KEEP = text("""
insert into kept_withdrawals (customer_id, purpose, message_id, withdrawn_at)
values (:customer_id, :purpose, :message_id, :withdrawn_at)
on conflict do nothing
""")

_KEPT = text("""
select k.* from kept_withdrawals k join customers c using (customer_id)
where c.blocked_at is null order by k.withdrawn_at, k.customer_id, k.purpose limit :most
""")

_FORGET = text("""
delete from kept_withdrawals k
using unnest(cast(:customer_ids as text[]), cast(:purposes as text[])) as v (customer_id, purpose)
where (k.customer_id, k.purpose) = (v.customer_id, v.purpose)
""")


async def keep(tx: Tx, withdrawal: Withdrawal) -> None:
    """One click that cannot be folded now; the first one of a customer and purpose stays."""
    await tx.execute(_KEEP, withdrawal._asdict())


async def kept(tx: Tx, most: int) -> list[Withdrawal]:
    """Those that can be folded by now, oldest first."""
    rows = await tx.execute(_KEPT, {"most": most})
    return [Withdrawal(row.customer_id, Purpose(row.purpose), row.message_id, row.withdrawn_at) for row in rows]


async def forget(tx: Tx, withdrawals: Sequence[Withdrawal]) -> None:
    """They are folded."""
    if withdrawals:
        customer_ids = [one.customer_id for one in withdrawals]
        purposes = [str(one.purpose) for one in withdrawals]
        await tx.execute(_FORGET, {"customer_ids": customer_ids, "purposes": purposes})
