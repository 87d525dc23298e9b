"""All SQL of loyalty: accounts, orders, postings, goodwill, redemptions. Set-based; never commits.

The customers' locks are held by the chassis before `load` runs, so nothing here locks.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import text
from sqlalchemy.sql.elements import TextClause

from chassis.arrays import array
from chassis.copying import copy
from chassis.items import Due, Item
from chassis.outcomes import Outcome
from chassis.service import Tx
from contracts.feedback import GoodwillRequested
from contracts.orders import IssueOpened
from contracts.vocabulary import IssueKind
from loyalty.accounts import Account
from loyalty.explanation import OrderExplained, Totals
from loyalty.goodwill import Goodwill, goodwill_id_of
from loyalty.order_points import OrderPoints
from loyalty.postings import MOVEMENTS, Posting
from loyalty.redemptions import Redeem, Redemption

Pair = tuple[str, str]
Columns = tuple[str, int, int, int, str | None, int, datetime | None]
"""A row of `accounts`, in the order of an account's fields."""
Row = TypeVar("Row")

encode_order = msgspec.json.Encoder().encode
decode_order = msgspec.json.Decoder(OrderPoints).decode
"""What one order means, as the document of its row."""


async def load(tx: Tx, items: Sequence[Item]) -> dict[str, Account]:
    """The accounts of the items' customers with the orders, goodwill and redemptions that the items touch."""
    customer_ids = sorted({item.customer_id for item in items})
    rows: Iterable[Any] = await tx.execute(_ACCOUNTS, {"ids": array(customer_ids)})
    known: dict[str, Columns] = {row[0]: row for row in rows}
    touched = _touched(items)
    orders = await _known_pairs(tx, _ORDERS, touched[OrderPoints], decode_order)
    goodwill_ids = await _known_pairs(tx, _GOODWILL, touched[Goodwill])
    redemptions = await _known_pairs(tx, _REDEMPTIONS, touched[Redemption])
    return {
        customer_id: Account(
            *known.get(customer_id, (customer_id, 0, 0, 0, None, 0, None)),
            orders=orders.get(customer_id, {}),
            goodwill_ids=frozenset(goodwill_ids.get(customer_id, ())),
            redemptions=redemptions.get(customer_id, {}),
        )
        for customer_id in customer_ids
    }


def _touched(items: Sequence[Item]) -> dict[type[Any], set[Pair]]:
    """By kind of row, the customer and the key of each that the items may name."""
    touched: dict[type[Any], set[Pair]] = {OrderPoints: set(), Goodwill: set(), Redemption: set()}
    for item in items:
        kind, key = (OrderPoints, None) if isinstance(item, Due) else _KEYS.get(type(item.data), _order)(item.data)
        if key:
            touched[kind].add((item.customer_id, key))
    return touched


def _order(fact: Any) -> tuple[type[Any], str | None]:
    return OrderPoints, getattr(fact, "order_id", None)


def _order_made_good(fact: IssueOpened) -> tuple[type[Any], str | None]:
    return OrderPoints, fact.order_id if fact.kind is IssueKind.delivery_late else None


def _goodwill(fact: GoodwillRequested) -> tuple[type[Any], str | None]:
    return Goodwill, goodwill_id_of(fact.customer_id, "requested", fact.request_id)


def _redemption(command: Redeem) -> tuple[type[Any], str | None]:
    return Redemption, command.redemption_id


_KEYS: dict[type[Any], Callable[[Any], tuple[type[Any], str | None]]] = {
    IssueOpened: _order_made_good,
    GoodwillRequested: _goodwill,
    Redeem: _redemption,
}


async def _known_pairs(
    tx: Tx, statement: TextClause, pairs: Collection[Pair], decode: Callable[[Any], Any] = int
) -> dict[str, dict[str, Any]]:
    """Per customer, key and value of the rows there are."""
    found: dict[str, dict[str, Any]] = {}
    if pairs:
        customers, keys = zip(*sorted(pairs), strict=True)
        rows = await tx.execute(statement, {"customers": array(customers), "keys": array(keys)})
        for customer_id, key, value in rows:
            found.setdefault(customer_id, {})[key] = decode(value)
    return found


_ACCOUNTS = text("""
    select customer_id, available_points, pending_points, qualifying_points, tier, postings, erased_at
    from accounts join unnest(cast(:ids as text)::text[]) as v (customer_id) using (customer_id)
""")
_ORDERS = text("""
    select customer_id, order_id, cast(document as text)
    from order_points
    join unnest(cast(:customers as text)::text[], cast(:keys as text)::text[]) as v (customer_id, order_id)
         using (customer_id, order_id)
""")
_GOODWILL = text("""
    select customer_id, goodwill_id, points
    from goodwill
    join unnest(cast(:customers as text)::text[], cast(:keys as text)::text[]) as v (customer_id, goodwill_id)
         using (customer_id, goodwill_id)
""")
_REDEMPTIONS = text("""
    select customer_id, redemption_id, points
    from redemptions
    join unnest(cast(:customers as text)::text[], cast(:keys as text)::text[]) as v (customer_id, redemption_id)
         using (customer_id, redemption_id)
""")


async def save(tx: Tx, accounts: Mapping[str, Account], outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """Write the accounts that changed and the rows of the outcomes: at most one statement a table."""
    orders: dict[tuple[str, str], OrderPoints] = {}
    others: dict[type[Any], list[Any]] = {Posting: [], Goodwill: [], Redemption: []}
    for item, outcome in outcomes:
        for row in outcome.rows:
            if type(row) is OrderPoints:
                orders[item.customer_id, row.order_id] = row
            else:
                others[type(row)].append(row)
    await _save_accounts(tx, list(accounts.values()))
    await _save_orders(tx, orders)
    await _post(tx, others[Posting])
    await _insert(tx, _KEEP_GOODWILL, others[Goodwill], Goodwill)
    await _insert(tx, _KEEP_REDEMPTIONS, others[Redemption], Redemption)


async def _save_accounts(tx: Tx, accounts: Sequence[Account]) -> None:
    if accounts:
        await tx.execute(_SAVE_ACCOUNTS, _columns(accounts, _ACCOUNT_COLUMNS))


async def _save_orders(tx: Tx, orders: Mapping[tuple[str, str], OrderPoints]) -> None:
    """Of several versions of one order in a batch, the last."""
    if orders:
        customers, order_ids = zip(*orders, strict=True)
        documents = [encode_order(order).decode() for order in orders.values()]
        await tx.execute(
            _SAVE_ORDERS, {"customers": array(customers), "order_ids": array(order_ids), "documents": array(documents)}
        )


async def _post(tx: Tx, postings: Sequence[Posting]) -> None:
    if postings:
        rows = [
            (
                posting.customer_id, posting.number, posting.movement.kind, posting.movement.source,
                posting.movement.destination, posting.points, posting.reference, posting.order_id, posting.cause_id,
                posting.at,
            )
            for posting in postings
        ]  # fmt: skip
        await copy(tx, "postings", _POSTING_COLUMNS, rows)


async def _insert(tx: Tx, statement: TextClause, rows: Sequence[Row], kind: type[Row]) -> None:
    if rows:
        await tx.execute(statement, _columns(rows, kind.__struct_fields__))  # type: ignore[attr-defined]  # a struct's


def _columns(rows: Sequence[Any], names: Iterable[str]) -> dict[str, str]:
    columns = zip(*map(attrgetter(*names), rows), strict=True)
    return {name: array(column) for name, column in zip(names, columns, strict=True)}


_ACCOUNT_COLUMNS = (
    "customer_id", "available_points", "pending_points", "qualifying_points", "tier", "postings", "erased_at",
)  # fmt: skip
_SAVE_ACCOUNTS = text("""
    insert into accounts (customer_id, available_points, pending_points, qualifying_points, tier, postings, erased_at)
    select * from unnest(cast(:customer_id as text)::text[], cast(:available_points as text)::bigint[],
                         cast(:pending_points as text)::bigint[], cast(:qualifying_points as text)::bigint[],
                         cast(:tier as text)::text[], cast(:postings as text)::bigint[],
                         cast(:erased_at as text)::timestamptz[])
    on conflict (customer_id) do update
    set available_points = excluded.available_points, pending_points = excluded.pending_points,
        qualifying_points = excluded.qualifying_points, tier = excluded.tier, postings = excluded.postings,
        erased_at = excluded.erased_at
""")
_SAVE_ORDERS = text("""
    insert into order_points (customer_id, order_id, document)
    select * from unnest(cast(:customers as text)::text[], cast(:order_ids as text)::text[],
                         cast(:documents as text)::jsonb[])
    on conflict (customer_id, order_id) do update set document = excluded.document
""")
_POSTING_COLUMNS = (
    "customer_id", "number", "kind", "source", "destination", "points", "reference", "order_id", "cause_id", "at",
)  # fmt: skip
_KEEP_GOODWILL = text("""
    insert into goodwill (customer_id, goodwill_id, points, reason, order_id, issue_id, request_id, at)
    select * from unnest(cast(:customer_id as text)::text[], cast(:goodwill_id as text)::text[],
                         cast(:points as text)::bigint[], cast(:reason as text)::text[],
                         cast(:order_id as text)::text[], cast(:issue_id as text)::text[],
                         cast(:request_id as text)::text[], cast(:at as text)::timestamptz[])
""")
_KEEP_REDEMPTIONS = text("""
    insert into redemptions (customer_id, redemption_id, points, available_points, redeemed_at)
    select * from unnest(cast(:customer_id as text)::text[], cast(:redemption_id as text)::text[],
                         cast(:points as text)::bigint[], cast(:available_points as text)::bigint[],
                         cast(:redeemed_at as text)::timestamptz[])
""")


async def account_of(tx: Tx, customer_id: str) -> Account | None:
    """A member's balances and tier; None for a customer who has none."""
    row = (await tx.execute(_ACCOUNTS, {"ids": array([customer_id])})).first()
    return Account(**row._mapping) if row else None


async def postings_of(tx: Tx, customer_id: str, *, before: int, most: int) -> list[Posting]:
    """A member's latest postings with a number below `before`, latest first."""
    rows = await tx.execute(_POSTINGS, {"customer_id": customer_id, "before": before, "most": most})
    return [
        Posting(
            row.customer_id, row.number, _MOVEMENTS[row.kind, row.source], row.points, row.reference, row.order_id,
            row.cause_id, row.at,
        )
        for row in rows
    ]  # fmt: skip


async def totals_of(tx: Tx, customer_id: str) -> Totals:
    """What ever moved in an account, by reason."""
    row = (await tx.execute(_TOTALS, {"customer_id": customer_id})).one()
    return _totals(row)


async def orders_explained(tx: Tx, customer_id: str, *, before: int, most: int) -> list[OrderExplained]:
    """The orders that moved points, latest first; `before` bounds the number of their latest posting."""
    rows = await tx.execute(_EXPLAIN, {"customer_id": customer_id, "before": before, "most": most})
    return [
        OrderExplained(
            order=decode_order(row.document) if row.document else OrderPoints(row.order_id),
            totals=_totals(row),
            last_number=row.last_number,
        )
        for row in rows
    ]


def _totals(row: Any) -> Totals:
    return Totals(**{name: int(getattr(row, name)) for name in Totals.__struct_fields__})


async def redemption_of(tx: Tx, customer_id: str, redemption_id: str) -> Redemption:
    """A redemption that was made; `NoResultFound` for another."""
    row = (await tx.execute(_REDEMPTION, {"customer_id": customer_id, "redemption_id": redemption_id})).one()
    return Redemption(**row._mapping)


_MOVEMENTS = {(movement.kind.value, movement.source.value): movement for movement in MOVEMENTS}
_POSTINGS = text("""
    select * from postings where customer_id = :customer_id and number < :before order by number desc limit :most
""")
_TOTALS = text("""
    select coalesce(sum(earned_points), 0) as earned_points, coalesce(sum(vested_points), 0) as vested_points,
           coalesce(sum(taken_back_points), 0) as taken_back_points,
           coalesce(sum(goodwill_points), 0) as goodwill_points, coalesce(sum(spent_points), 0) as spent_points
    from points_by_order where customer_id = :customer_id
""")
_EXPLAIN = text("""
    select p.*, cast(o.document as text) as document
    from points_by_order p left join order_points o using (customer_id, order_id)
    where p.customer_id = :customer_id and p.order_id is not null and p.last_number < :before
    order by p.last_number desc limit :most
""")
_REDEMPTION = text("select * from redemptions where customer_id = :customer_id and redemption_id = :redemption_id")
