"""All SQL of this service: an account in, an account out. Set-based; a fixed number of statements.

The document of a timeline is the truth; columns and the table `issues` are what queries need of it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Row, Select, TableClause, Text, cast, column, select, table, text, tuple_

from chassis.arrays import array
from chassis.items import Command, Due, Item
from chassis.outcomes import Outcome
from chassis.service import Tx
from contracts import Event
from orders_listener import customers, declared, learning
from orders_listener.accounts import Account, FirstContact, Patron
from orders_listener.customers import Relationship
from orders_listener.disruptions.declarations import Book
from orders_listener.documents import from_document, to_document
from orders_listener.early_warning.forecasts import Forecast
from orders_listener.early_warning.journeys import Journey
from orders_listener.early_warning.mornings import Mornings
from orders_listener.ingest import addressing
from orders_listener.issues import Issue
from orders_listener.timelines import Timeline
from orders_listener.trials import Past


async def load(tx: Tx, items: Sequence[Item]) -> dict[str, Account]:
    """The accounts of the items' customers, with those timelines that the items name. At most six statements."""
    customer_ids = sorted({item.customer_id for item in items})
    patrons = {row.customer_id: _patron(row) for row in await tx.execute(_PATRONS, {"ids": customer_ids})}
    named = {(item.customer_id, order_id) for item in items if (order_id := order_named_by(item))}
    rows = await tx.execute(_TIMELINES, {"ids": sorted({order_id for _, order_id in named})})
    timelines = {row.order_id: from_document(row.document) for row in rows}
    mornings = await learning.mornings_at(tx, {item.at for item in items} if named else ())
    book = await declared.book_at(tx, [item.at for item in items] if named else ())
    named_by: dict[str, list[Timeline]] = {customer_id: [] for customer_id in customer_ids}
    for customer_id, order_id in named:
        if order_id in timelines:
            named_by[customer_id].append(timelines[order_id])
    return {
        customer_id: _account(patrons.get(customer_id) or Patron(customer_id=customer_id), known, mornings, book)
        for customer_id, known in named_by.items()
    }


def order_named_by(item: Item) -> str | None:
    """The order an item is about, if it is about one."""
    match item:
        case Due(kind=customers.REVIEW):
            return None
        case Due():
            return item.subject
        case Command():
            order_id: str | None = item.data.order_id
            return order_id
        case _:
            return getattr(item.data, "order_id", None)


def _account(patron: Patron, timelines: Iterable[Timeline], mornings: Mornings, book: Book) -> Account:
    own = {timeline.order_id: timeline for timeline in timelines if timeline.customer_id == patron.customer_id}
    elsewhere = {timeline.order_id for timeline in timelines if timeline.customer_id != patron.customer_id}
    return Account(patron=patron, timelines=own, elsewhere=frozenset(elsewhere), mornings=mornings, declared=book)


def _patron(row: Row[Any]) -> Patron:
    contact = None
    if row.first_contact_at is not None:
        contact = FirstContact(
            occurred_at=row.first_contact_at, contact_id=row.first_contact_id, topic=row.first_contact_topic
        )
    return Patron(
        customer_id=row.customer_id,
        first_contact=contact,
        erased_at=row.erased_at,
        relationship=_relationships.decode(row.relationship),
    )


async def save(tx: Tx, _accounts: Mapping[str, Account], outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """Write what the folds changed: at most six statements."""
    rows = [row for _, outcome in outcomes for row in outcome.rows]
    await _save_timelines(tx, {row.order_id: row for row in rows if isinstance(row, Timeline)})
    await _save_issues(tx, {row.issue_id: row for row in rows if isinstance(row, Issue)})
    await _save_patrons(tx, {row.customer_id: row for row in rows if isinstance(row, Patron)})
    await learning.save_journeys(tx, {row.order_id: row for row in rows if isinstance(row, Journey)})
    await learning.save_forecasts(tx, [row for row in rows if isinstance(row, Forecast)])
    await addressing.claim(tx, addressing.claims_in(item for item, _ in outcomes if isinstance(item, Event)))


class OrderTakenElsewhere(Exception):
    """Another customer began an order of the same id at the same moment; the next try will find it."""


async def _save_timelines(tx: Tx, timelines: Mapping[str, Timeline]) -> None:
    if not timelines:
        return
    rows = [timelines[order_id] for order_id in sorted(timelines)]
    written = await tx.execute(
        _SAVE_TIMELINES,
        {
            "order_ids": [row.order_id for row in rows],
            "customer_ids": [row.customer_id for row in rows],
            "statuses": [row.standing.status for row in rows],
            "began": [row.began_at for row in rows],
            "placed": [row.standing.placed_at for row in rows],
            "promised": [row.standing.promised_until for row in rows],
            "delivered": [row.standing.delivered_at for row in rows],
            "traits": [array(row.standing.traits) for row in rows],
            "documents": [to_document(row) for row in rows],
        },
    )
    if written.rowcount != len(rows):
        raise OrderTakenElsewhere


async def _save_issues(tx: Tx, issues: Mapping[str, Issue]) -> None:
    if not issues:
        return
    rows = [issues[issue_id] for issue_id in sorted(issues)]
    await tx.execute(
        _SAVE_ISSUES,
        {
            "issue_ids": [row.issue_id for row in rows],
            "order_ids": [row.order_id for row in rows],
            "customer_ids": [row.customer_id for row in rows],
            "kinds": [row.kind for row in rows],
            "states": ["open" if row.is_open else "resolved" for row in rows],
            "severities": [row.severity for row in rows],
            "opened": [row.opened_at for row in rows],
            "resolved": [row.resolved_at for row in rows],
            "documents": [msgspec.json.encode(row).decode() for row in rows],
        },
    )


async def _save_patrons(tx: Tx, patrons: Mapping[str, Patron]) -> None:
    if not patrons:
        return
    rows = [patrons[customer_id] for customer_id in sorted(patrons)]
    contacts = [row.first_contact for row in rows]
    await tx.execute(
        _SAVE_PATRONS,
        {
            "customer_ids": [row.customer_id for row in rows],
            "contact_ids": [contact and contact.contact_id for contact in contacts],
            "contacted": [contact and contact.occurred_at for contact in contacts],
            "topics": [contact and contact.topic for contact in contacts],
            "erased": [row.erased_at for row in rows],
            "relationships": [msgspec.json.encode(row.relationship).decode() for row in rows],
        },
    )


Place = tuple[datetime, str]
"""Where a page ended: the moment a list is ordered by, and the id."""


async def timeline_of(tx: Tx, order_id: str) -> Timeline | None:
    """One order's timeline; None for an order nobody spoke of."""
    row = (await tx.execute(_TIMELINES, {"ids": [order_id]})).first()
    return from_document(row.document) if row else None


async def timelines_of(tx: Tx, customer_id: str | None, *, before: Place | None, most: int) -> list[Timeline]:
    """Timelines, the latest first; of one customer, or of everybody."""
    wanted = _page(_timelines, {"customer_id": customer_id}, (_timelines.c.began_at, _timelines.c.order_id), before)
    return [from_document(row.document) for row in await tx.execute(wanted.limit(most))]


async def issues_where(
    tx: Tx,
    filters: Mapping[str, str | None],
    *,
    before: Place | None,
    most: int,
    opened: tuple[datetime | None, datetime | None] = (None, None),
) -> list[Issue]:
    """Issues, the latest first; `filters` by column, None for any; `opened`: from this moment on, and before that."""
    wanted = _page(_issues, filters, (_issues.c.opened_at, _issues.c.issue_id), before)
    since, until = opened
    if since is not None:
        wanted = wanted.where(_issues.c.opened_at >= since)
    if until is not None:
        wanted = wanted.where(_issues.c.opened_at < until)
    return [_issue_documents.decode(row.document) for row in await tx.execute(wanted.limit(most))]


def _page(
    rows: TableClause, filters: Mapping[str, str | None], order: tuple[Any, Any], before: Place | None
) -> Select[Any]:
    wanted = select(cast(rows.c.document, Text).label("document")).order_by(*(column.desc() for column in order))
    for name, value in filters.items():
        if value is not None:
            wanted = wanted.where(rows.c[name] == value)
    return wanted if before is None else wanted.where(tuple_(*order) < before)


async def numbers_of(tx: Tx, customer_id: str) -> dict[str, Any]:
    """Counts and times of a customer's known orders: orders, by_status, first_order_at, last_order_at, issues."""
    row = (await tx.execute(_NUMBERS, {"customer_id": customer_id})).one()
    return dict(row._mapping) | {"by_status": row.by_status or {}}


async def patron_of(tx: Tx, customer_id: str) -> Patron:
    """What is known of a customer beside orders; blank for somebody never heard of."""
    row = (await tx.execute(_PATRONS, {"ids": [customer_id]})).first()
    return _patron(row) if row else Patron(customer_id=customer_id)


async def pasts(tx: Tx, since: datetime, *, portion: int) -> AsyncIterator[list[Past]]:
    """Every order that began at `since` or later, the first first, in portions, with when its customer was erased.

    Nothing can be written in this transaction any more.
    """
    await tx.execute(text("set transaction read only"))
    place: Place = (since, "")
    while rows := (await tx.execute(_PASTS, {"at": place[0], "order_id": place[1], "most": portion})).all():
        yield [Past(timeline=from_document(row.document), erased_at=row.erased_at) for row in rows]
        place = (rows[-1].began_at, rows[-1].order_id)


_PASTS = text("""
    select t.order_id, t.began_at, t.document::text as document, p.erased_at
    from timelines t left join patrons p using (customer_id)
    where (t.began_at, t.order_id) > (:at, :order_id) order by t.began_at, t.order_id limit :most
""")
_issue_documents = msgspec.json.Decoder(Issue)
_relationships = msgspec.json.Decoder(Relationship)
_timelines = table(
    "timelines", column("order_id", Text), column("customer_id", Text), column("began_at", DateTime(timezone=True)),
    column("document"),
)  # fmt: skip
_issues = table(
    "issues", column("issue_id", Text), column("order_id", Text), column("customer_id", Text), column("kind", Text),
    column("state", Text), column("severity", Text), column("opened_at", DateTime(timezone=True)), column("document"),
)  # fmt: skip
_NUMBERS = text("""
    with counted as (
        select status, count(*) as orders, min(placed_at) as first_at, max(placed_at) as last_at
        from timelines where customer_id = :customer_id and placed_at is not null group by status)
    select coalesce(sum(orders), 0)::integer as orders, min(first_at) as first_order_at, max(last_at) as last_order_at,
           jsonb_object_agg(status, orders) filter (where status is not null) as by_status,
           (select count(*)::integer from issues where customer_id = :customer_id) as issues
    from counted
""")
_PATRONS = text("""
    select p.customer_id, p.first_contact_id, p.first_contact_at, p.first_contact_topic, p.erased_at,
           p.relationship::text as relationship
    from patrons p join unnest(cast(:ids as text[])) as v (customer_id) using (customer_id)
""")
_TIMELINES = text("""
    select t.order_id, t.document::text as document
    from timelines t join unnest(cast(:ids as text[])) as v (order_id) using (order_id)
""")
_SAVE_TIMELINES = text("""
    with awaited as (
        update unmatched_orders set look_at = now() where order_id = any(cast(:order_ids as text[])))
    insert into timelines
        (order_id, customer_id, status, began_at, placed_at, promised_until, delivered_at, traits, document)
    select order_id, customer_id, status, began_at, placed_at, promised_until, delivered_at, cast(traits as text[]),
           cast(document as jsonb)
    from unnest(cast(:order_ids as text[]), cast(:customer_ids as text[]), cast(:statuses as text[]),
                cast(:began as timestamptz[]), cast(:placed as timestamptz[]), cast(:promised as timestamptz[]),
                cast(:delivered as timestamptz[]), cast(:traits as text[]), cast(:documents as text[]))
         as v (order_id, customer_id, status, began_at, placed_at, promised_until, delivered_at, traits, document)
    on conflict (order_id) do update set
        status = excluded.status, began_at = excluded.began_at, placed_at = excluded.placed_at,
        promised_until = excluded.promised_until, delivered_at = excluded.delivered_at, traits = excluded.traits,
        document = excluded.document
    where timelines.customer_id = excluded.customer_id
""")
_SAVE_ISSUES = text("""
    insert into issues
        (issue_id, order_id, customer_id, kind, state, severity, opened_at, resolved_at, document)
    select issue_id, order_id, customer_id, kind, state, severity, opened_at, resolved_at, cast(document as jsonb)
    from unnest(cast(:issue_ids as text[]), cast(:order_ids as text[]), cast(:customer_ids as text[]),
                cast(:kinds as text[]), cast(:states as text[]), cast(:severities as text[]),
                cast(:opened as timestamptz[]), cast(:resolved as timestamptz[]), cast(:documents as text[]))
         as v (issue_id, order_id, customer_id, kind, state, severity, opened_at, resolved_at, document)
    on conflict (issue_id) do update set
        state = excluded.state, severity = excluded.severity, resolved_at = excluded.resolved_at,
        document = excluded.document
""")
_SAVE_PATRONS = text("""
    insert into patrons
        (customer_id, first_contact_id, first_contact_at, first_contact_topic, erased_at, relationship)
    select customer_id, contact_id, contacted_at, topic, erased_at, cast(relationship as jsonb)
    from unnest(cast(:customer_ids as text[]), cast(:contact_ids as text[]), cast(:contacted as timestamptz[]),
                cast(:topics as text[]), cast(:erased as timestamptz[]), cast(:relationships as text[]))
         as v (customer_id, contact_id, contacted_at, topic, erased_at, relationship)
    on conflict (customer_id) do update set
        first_contact_id = excluded.first_contact_id, first_contact_at = excluded.first_contact_at,
        first_contact_topic = excluded.first_contact_topic, erased_at = excluded.erased_at,
        relationship = excluded.relationship
""")
