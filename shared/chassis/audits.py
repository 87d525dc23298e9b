"""Who gave which command: one row for each, written in the command's own transaction.

Owns the table `audits`, and who is acting in this task. A row names the client, the route, the customer and the things
it was about; never what was in a body. What customers do on their own pages is no command of staff, and not here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from chassis.access import Client
from chassis.service import Tx

COMMAND_LINE = Client("command line", "command line")


@dataclass(frozen=True)
class Caller:
    """Who is acting, by which door, on what."""

    client: Client
    action: str
    """Method and path of the route, without anybody's ids; or the command."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """Those of the path."""


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def acting(caller: Caller) -> Iterator[None]:
    """Everything in this block is done for this caller."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


def client_id(otherwise: str) -> str:
    """Who is acting now."""
    caller = _caller.get()
    return caller.client.id if caller else otherwise


async def write(
    tx: Tx, customer_id: str | None = None, *, subject: str | None = None, on_behalf_of: str | None = None
) -> None:
    """One row; nothing when nobody acts who was let in.

    `customer_id` and `subject` are what the path does not name: something that was made just now. `on_behalf_of` is the
    person that the client says it acts for.
    """
    await _write(tx, [(customer_id, on_behalf_of)], subject)


async def write_commands(tx: Tx, given: Sequence[tuple[str, str]]) -> None:
    """A row for each of these customers and actors; nothing when nobody acts who was let in."""
    await _write(tx, given, None)


async def _write(tx: Tx, given: Sequence[tuple[str | None, str | None]], subject: str | None) -> None:
    caller = _caller.get()
    if caller is None or not given:
        return
    ids = {name: one for name, one in caller.ids.items() if name != "customer_id"}
    values = {
        "client": caller.client.id, "name": caller.client.name, "action": caller.action,
        "subject": subject or " ".join(ids.values()) or None,
        "customers": [customer_id or caller.ids.get("customer_id") for customer_id, _ in given],
        "actors": [actor for _, actor in given],
    }  # fmt: skip
    await tx.execute(_WRITE, values)


async def listed(
    tx: Tx, *, client: str | None, customer_id: str | None, before: int | None, most: int
) -> Sequence[Mapping[str, Any]]:
    """The latest first."""
    values = {"client": client, "customer_id": customer_id, "before": before, "most": most}
    return [dict(row._mapping) for row in await tx.execute(_LISTED, values)]


_WRITE = text("""
    insert into audits (client, client_name, action, subject, on_behalf_of, customer_id)
    select cast(:client as text), cast(:name as text), cast(:action as text), cast(:subject as text),
           v.actor, v.customer_id
    from unnest(cast(:customers as text[]), cast(:actors as text[])) as v (customer_id, actor)
""")
_LISTED = text("""
    select audit_id, at, client, client_name, action, subject, on_behalf_of, customer_id from audits
    where client = coalesce(cast(:client as text), client)
      and (cast(:customer_id as text) is null or customer_id = :customer_id)
      and audit_id < coalesce(cast(:before as bigint), 9223372036854775807)
    order by audit_id desc limit :most
""")
