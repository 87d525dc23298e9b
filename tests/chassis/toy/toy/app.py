"""Load, fold and save of the toy."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from pydantic_settings import SettingsConfigDict
from sqlalchemy import text

from chassis.application import Application
from chassis.errors import Rejected
from chassis.items import Command, Due, Item
from chassis.outcomes import DUPLICATE, ClearDeadline, Decision, Outcome, SetDeadline
from chassis.service import Folding, Inlet, Service, Tx
from chassis.settings import ServiceSettings
from contracts import Event
from contracts.orders import ORDERS, OrderCompleted, OrderConfirmed
from contracts.storefront import ORDERS as PLACED
from contracts.storefront import SHIPMENTS, OrderPlaced, ShipmentProgressed, ShipmentStatus


class ToySettings(ServiceSettings):
    """Nothing of its own."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="TOY_", populate_by_name=True)


class Counted(Struct, frozen=True):
    """What one customer did, and in which order it was seen."""

    seen: tuple[str, ...] = ()


class Seen(Struct, frozen=True):
    """A row for every item that was applied."""

    reference: str
    customer_id: str
    what: str


async def load(tx: Tx, items: Sequence[Item]) -> dict[str, Counted]:
    """The customers' counts."""
    ids = {item.customer_id for item in items}
    rows = await tx.execute(
        text("select c.* from counted c join unnest(cast(:ids as text[])) as v (customer_id) using (customer_id)"),
        {"ids": list(ids)},
    )
    found = {row.customer_id: Counted(tuple(row.seen)) for row in rows}
    return {customer_id: found.get(customer_id, Counted()) for customer_id in ids}


def fold(account: Counted, item: Item) -> tuple[Counted, Outcome]:
    """Titles steer the tests: `reject` is rejected, `bug` is a bug, `unsavable` breaks the database's rules."""
    match item:
        case Event(data=OrderPlaced() as placed):
            return on_placed(account, item, placed)
        case Event(data=ShipmentProgressed(status=ShipmentStatus.lost) as progressed):
            account, outcome = seen(account, item, f"lost {progressed.order_id}")
            return account, outcome + Outcome(deadlines=(ClearDeadline("complete", progressed.order_id),))
        case Due(subject=order_id):
            fact = OrderCompleted(customer_id=item.customer_id, order_id=order_id, occurred_at=item.at)
            account, outcome = seen(account, item, f"completed {order_id}")
            return account, outcome + Outcome(facts=(fact,))
        case Command(data=str() as words):
            return seen(account, item, words)
        case _:
            return seen(account, item, "something else")


def on_placed(account: Counted, item: Item, placed: OrderPlaced) -> tuple[Counted, Outcome]:
    """Confirm, and look again in an hour."""
    title = placed.lines[0].title or ""
    if title == "reject":
        raise Rejected("not_today", "The title says so.")
    if title == "bug":
        raise ZeroDivisionError
    if f"placed {placed.order_id}" in account.seen:
        return account, DUPLICATE
    account, outcome = seen(account, item, f"placed {placed.order_id}" if title != "unsavable" else "x" * 100)
    confirmed = OrderConfirmed(
        customer_id=placed.customer_id, order_id=placed.order_id, occurred_at=placed.placed_at,
        placed_at=placed.placed_at, currency=placed.currency, lines=(), total_minor=placed.total_minor,
    )  # fmt: skip
    return account, outcome + Outcome(
        facts=(confirmed,),
        deadlines=(SetDeadline("complete", placed.order_id, item.at + timedelta(hours=1)),),
        decisions=(Decision(subject=placed.order_id, rule="confirm", outcome="confirmed", reason="placed"),),
    )


def seen(account: Counted, item: Item, what: str) -> tuple[Counted, Outcome]:
    """Remember it."""
    return replace(account, seen=(*account.seen, what)), Outcome(rows=(Seen(item.id, item.customer_id, what),))


async def save(tx: Tx, accounts: Mapping[str, Counted], outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """Two statements."""
    rows = [row for _, outcome in outcomes for row in outcome.rows]
    await tx.execute(
        text("""
            insert into effects (reference, customer_id, what)
            select * from unnest(cast(:references as text[]), cast(:customers as text[]), cast(:whats as text[]))
        """),
        {
            "references": [row.reference for row in rows],
            "customers": [row.customer_id for row in rows],
            "whats": [row.what for row in rows],
        },
    )
    await tx.execute(
        text("""
            insert into counted (customer_id, seen)
            select customer_id, array(select jsonb_array_elements_text(seen))
            from unnest(cast(:ids as text[]), cast(:seen as jsonb[])) as v (customer_id, seen)
            on conflict (customer_id) do update set seen = excluded.seen
        """),
        {"ids": list(accounts), "seen": [msgspec.json.encode(account.seen).decode() for account in accounts.values()]},
    )


SERVICE = Service(
    name="toy",
    consumes=(Inlet(PLACED, (OrderPlaced,)), Inlet(SHIPMENTS, (ShipmentProgressed,))),
    topic=ORDERS,
    publishes=(OrderConfirmed, OrderCompleted),
    folding=Folding(load, fold, save),
    migrations=Path(__file__).parents[1] / "migrations",
)


def application() -> Application:
    """The toy, as `chassis.main` would get it."""
    return Application(SERVICE, ToySettings(), routers=lambda _: ())
