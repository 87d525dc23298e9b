"""Who is that: the customer of an order, and who claims a carrier's number. SQL only; set-based.

A carrier gives a number to another parcel after some months, so a claim holds for 90 days, and of several the newest.
Claims follow from the log alone: written with the fold of the announcement, forgotten when a day is closed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text

from chassis.service import Tx
from contracts import Event
from contracts.storefront import ShipmentCreated
from orders_listener.ingest.carriers import name_of, number_of
from orders_listener.ingest.events import Ids
from orders_listener.ingest.hooks import Of, OfCustomer, OfOrder, OfParcel

CLAIM_DAYS = 90
"""So far apart may a claim and a hook be. EasyPost takes the same code for the same parcel for three months."""


def may_be_known(of: Of) -> bool:
    """Whether anybody could ever be known by this: what no contract allows was never said."""
    match of:
        case OfOrder(order_id):
            return 0 < len(order_id) <= LONGEST_ORDER_ID and order_id.isascii() and order_id.isprintable()
        case OfParcel(tracking_number=number):
            return number_of(number) != ""
        case OfCustomer():
            return True


LONGEST_ORDER_ID = 128
"""Of an `Identifier` of the contracts."""


class Claim(NamedTuple):
    """A shipment that went out under a carrier's number."""

    tracking_number: str
    carrier: str
    order_id: str
    shipment_id: str
    customer_id: str
    announced_at: datetime
    claimed_at: datetime


def claims_in(events: Iterable[Event[Any]]) -> list[Claim]:
    """What announcements claim, each shipment's number once: as early as it was said, in whatever order."""
    found: dict[tuple[str, ...], Claim] = {}
    for claim in filter(None, map(_claim, events)):
        known = found.get(claim[:4], claim)
        found[claim[:4]] = claim._replace(
            announced_at=min(known.announced_at, claim.announced_at), claimed_at=min(known.claimed_at, claim.claimed_at)
        )
    return [found[key] for key in sorted(found)]


def _claim(event: Event[Any]) -> Claim | None:
    said = event.data
    if not isinstance(said, ShipmentCreated) or not said.tracking_number:
        return None
    return Claim(
        number_of(said.tracking_number),
        name_of(said.carrier),
        said.order_id,
        said.shipment_id,
        said.customer_id,
        said.occurred_at,
        event.at,
    )


async def claim(tx: Tx, claims: Sequence[Claim]) -> None:
    """Write claims, and have looked at what waits for one of their numbers. One statement, none for nothing."""
    if claims:
        await tx.execute(_CLAIM, {name: [getattr(row, name) for row in claims] for name in Claim._fields})


async def forget(tx: Tx, day: date) -> None:
    """Drop the claims that no hook after this day can meet. For the closing of the day."""
    await tx.execute(_FORGET, {"before": day - timedelta(days=CLAIM_DAYS)})


class Asked(NamedTuple):
    """Who is that? With the two moments by which a claim may meet it."""

    of: Of
    occurred_at: datetime
    received_at: datetime


async def ids_of(tx: Tx, asked: Sequence[Asked]) -> list[Ids | None]:
    """For each who it is, None for those not known: one statement for orders, one for parcels."""
    orders = await _orders(tx, [one.of.order_id for one in asked if isinstance(one.of, OfOrder)])
    parcels = await _parcels(tx, [one for one in asked if isinstance(one.of, OfParcel)])
    return [_ids(one, orders, parcels) for one in asked]


def _ids(asked: Asked, orders: Mapping[str, Ids], parcels: Mapping[Asked, Ids]) -> Ids | None:
    match asked.of:
        case OfCustomer(customer_id):
            return {"customer_id": customer_id}
        case OfOrder(order_id):
            return orders.get(order_id)
        case OfParcel():
            return parcels.get(asked)


async def _orders(tx: Tx, order_ids: Sequence[str]) -> dict[str, Ids]:
    if not order_ids:
        return {}
    rows = await tx.execute(_ORDERS, {"order_ids": order_ids})
    return {row.order_id: {"customer_id": row.customer_id} for row in rows}


async def _parcels(tx: Tx, parcels: Iterable[Asked]) -> dict[Asked, Ids]:
    asked = {one: one.of for one in parcels if isinstance(one.of, OfParcel)}
    if not asked:
        return {}
    rows = await tx.execute(
        _PARCELS,
        {
            "carriers": [of.carrier for of in asked.values()],
            "numbers": [number_of(of.tracking_number) for of in asked.values()],
            "occurred": [one.occurred_at for one in asked],
            "received": [one.received_at for one in asked],
            "days": CLAIM_DAYS,
        },
    )
    in_order = list(asked)
    return {in_order[row.place - 1]: parcel_ids(row) for row in rows}


def parcel_ids(row: Any) -> Ids:
    """The ids in a row of `CLAIMED`."""
    return {"customer_id": row.customer_id, "order_id": row.order_id, "shipment_id": row.shipment_id}


CLAIMED = """
    cross join lateral (
        select c.customer_id, c.order_id, c.shipment_id from tracking_claims c
        where c.tracking_number = v.tracking_number and (c.carrier = v.carrier or '' in (c.carrier, v.carrier))
          and (c.announced_at between v.occurred_at - make_interval(days => :days)
                                  and v.occurred_at + make_interval(days => :days)
               or c.claimed_at between v.received_at - make_interval(days => :days)
                                   and v.received_at + make_interval(days => :days))
        order by c.announced_at desc, c.claimed_at desc, c.order_id, c.shipment_id limit 1) as claimed
"""
"""The newest claim that meets a row `v`, by when the parcel was announced and seen, or by when we were told of it.

Where either side names no carrier, the number decides.
"""
_PARCELS = text(f"""
    select v.place, claimed.* from unnest(
        cast(:carriers as text[]), cast(:numbers as text[]),
        cast(:occurred as timestamptz[]), cast(:received as timestamptz[])
    ) with ordinality as v (carrier, tracking_number, occurred_at, received_at, place) {CLAIMED}
""")  # noqa: S608 ours
_ORDERS = text("""
    select t.order_id, t.customer_id
    from timelines t join unnest(cast(:order_ids as text[])) as v (order_id) using (order_id)
""")
_CLAIM = text("""
    with claimed as (
        insert into tracking_claims
            (tracking_number, carrier, order_id, shipment_id, customer_id, announced_at, claimed_at)
        select * from unnest(cast(:tracking_number as text[]), cast(:carrier as text[]), cast(:order_id as text[]),
                             cast(:shipment_id as text[]), cast(:customer_id as text[]),
                             cast(:announced_at as timestamptz[]), cast(:claimed_at as timestamptz[]))
        on conflict (tracking_number, carrier, order_id, shipment_id) do update set
            announced_at = least(tracking_claims.announced_at, excluded.announced_at),
            claimed_at = least(tracking_claims.claimed_at, excluded.claimed_at)
        where (excluded.announced_at, excluded.claimed_at) is distinct from
              (tracking_claims.announced_at, tracking_claims.claimed_at))
    update unmatched_trackings u set look_at = now()
    from unnest(cast(:tracking_number as text[])) as v (tracking_number) where u.tracking_number = v.tracking_number
""")
_FORGET = text("delete from tracking_claims where claimed_at < cast(:before as date)")
