"""SQL about tellings and contacts: what is kept, and the figures that are made of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from chassis.service import Tx
from notifier.tellings import Contact, Telling, Told

_KEEP = text("""
insert into tellings (issue_id, customer_id, order_id, kind, happened_at, promised_by)
select * from unnest(cast(:issue_id as text[]), cast(:customer_id as text[]), cast(:order_id as text[]),
                     cast(:kind as text[]), cast(:happened_at as timestamptz[]), cast(:promised_by as timestamptz[]))
on conflict do nothing
""")

_TOLD = text("""
update tellings t set told_at = least(t.told_at, v.told_at)
from unnest(cast(:issue_id as text[]), cast(:told_at as timestamptz[])) as v (issue_id, told_at)
where t.issue_id = v.issue_id
""")

_CONTACTS = text("""
insert into contacts (customer_id, contact_id, order_id, occurred_at, topic)
select * from unnest(cast(:customer_id as text[]), cast(:contact_id as text[]), cast(:order_id as text[]),
                     cast(:occurred_at as timestamptz[]), cast(:topic as text[]))
on conflict do nothing
""")

_WITHIN = """
happened_at >= coalesce(cast(:since as timestamptz), '-infinity')
and happened_at < coalesce(cast(:until as timestamptz), 'infinity')
"""

_ORDERS = text(f"""
with troubled as (
  select customer_id, order_id, min(promised_by) as promised_by, min(told_at) as told_at
  from tellings where {_WITHIN} group by customer_id, order_id
), judged as (
  select told_at, told_at < coalesce(promised_by, 'infinity') as before_promise, asked_at,
         told_at < coalesce(asked_at, 'infinity') as before_contact
  from troubled t, lateral (select min(c.occurred_at) as asked_at from contacts c
                            where c.order_id = t.order_id and c.customer_id = t.customer_id) as contact
)
select count(*) as orders, count(told_at) as told, count(asked_at) as asked,
       count(*) filter (where before_contact) as before_contact,
       count(*) filter (where before_promise) as before_promise,
       count(*) filter (where before_contact and before_promise) as before_both
from judged
""")  # noqa: S608 the condition is ours

_KINDS = text(f"""
select kind, count(*) as issues, count(told_at) as told,
       percentile_disc(array[0.5, 0.95, 0.99]) within group (order by took_s) as percentiles
from tellings, lateral (select extract(epoch from told_at - happened_at)::float as took_s) as taking
where {_WITHIN} group by kind order by kind
""")  # noqa: S608 the condition is ours


async def keep(tx: Tx, rows: Sequence[object]) -> None:
    """Those of these rows that are about tellings and contacts; what is known stays as it was first said."""
    tellings = [row for row in rows if isinstance(row, Telling)]
    told = [row for row in rows if isinstance(row, Told)]
    contacts = [row for row in rows if isinstance(row, Contact)]
    for query, found in ((_KEEP, tellings), (_TOLD, told), (_CONTACTS, contacts)):
        if found:
            await tx.execute(query, _columns(found))


async def orders(tx: Tx, since: datetime | None, until: datetime | None) -> dict[str, int]:
    """Orders with an issue that happened in that time: how many were told, and before what."""
    return dict((await tx.execute(_ORDERS, {"since": since, "until": until})).mappings().one())


async def kinds(tx: Tx, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """Per kind of issue that happened in that time, how many were told and how long it took (50, 95, 99 per cent)."""
    rows = await tx.execute(_KINDS, {"since": since, "until": until})
    return [dict(row._mapping) for row in rows]


def _columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    ordered = sorted(rows, key=repr)  # two transactions that write the same rows wait for each other in one order
    return {name: [getattr(row, name) for row in ordered] for name in ordered[0].__struct_fields__}
