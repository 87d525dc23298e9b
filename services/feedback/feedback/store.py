"""All SQL of this service. Functions take the transaction first, work on sets and never commit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, text

from chassis.items import Item
from chassis.outcomes import Outcome
from chassis.service import Tx
from contracts.feedback import Cohort
from feedback.answers import Erasure, Response
from feedback.customers import Case, Customer, Invitation, InvitationState
from feedback.scores import PASSIVES_FROM, PROMOTERS_FROM, Sample, Slice, Tally
from feedback.writings import Writing

R = TypeVar("R")

_customer = msgspec.json.Decoder(Customer)


async def customers_of(tx: Tx, items: Sequence[Item]) -> dict[str, Customer]:
    """Everybody the items are about; blank whom we never met."""
    return await customers_by_id(tx, sorted({item.customer_id for item in items}))


async def customers_by_id(tx: Tx, customer_ids: Sequence[str]) -> dict[str, Customer]:
    """One account for each id, blank whom we never met."""
    rows = await tx.execute(_CUSTOMERS, {"ids": list(customer_ids)})
    known = {row.customer_id: _customer.decode(row.document) for row in rows}
    return {customer_id: known.get(customer_id) or Customer(customer_id=customer_id) for customer_id in customer_ids}


_CUSTOMERS = text("""
    select customer_id, cast(document as text) as document
    from experiences join unnest(cast(:ids as text[])) as v (customer_id) using (customer_id)
""")


async def save(tx: Tx, accounts: Mapping[str, Customer], outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """The accounts that changed, and the rows of the outcomes as they are after the last of them."""
    await _save_customers(tx, accounts)
    await _save_invitations(tx, _last(outcomes, Invitation, "invitation_id"))
    await _save_responses(tx, _last(outcomes, Response, "invitation_id"))
    await _save_cases(tx, _last(outcomes, Case, "case_id"))
    await _save_writings(tx, _last(outcomes, Writing, "contact_id"))
    await _forget_words(tx, [erasure.customer_id for _, erasure in _rows(outcomes, Erasure)])


def _rows(outcomes: Sequence[tuple[Item, Outcome]], kind: type[R]) -> Iterator[tuple[str, R]]:
    for item, outcome in outcomes:
        for row in outcome.rows:
            if isinstance(row, kind):
                yield item.customer_id, row


def _last(outcomes: Sequence[tuple[Item, Outcome]], kind: type[R], key: str) -> list[tuple[str, R]]:
    """One row per key: a statement cannot touch the same row twice."""
    return list({getattr(row, key): (customer_id, row) for customer_id, row in _rows(outcomes, kind)}.values())


def _columns(rows: Sequence[tuple[str, Any]], *names: str) -> dict[str, list[Any]]:
    columns = {name: [getattr(row, name) for _, row in rows] for name in names}
    return columns | {"customer_id": [customer_id for customer_id, _ in rows]}


async def _save_customers(tx: Tx, accounts: Mapping[str, Customer]) -> None:
    if accounts:
        documents = [msgspec.json.encode(account).decode() for account in accounts.values()]
        await tx.execute(_SAVE_CUSTOMERS, {"customer_id": list(accounts), "document": documents})


_SAVE_CUSTOMERS = text("""
    insert into experiences (customer_id, document)
    select customer_id, cast(document as jsonb)
    from unnest(cast(:customer_id as text[]), cast(:document as text[])) as v (customer_id, document)
    on conflict (customer_id) do update set document = excluded.document
""")


async def _save_invitations(tx: Tx, rows: Sequence[tuple[str, Invitation]]) -> None:
    if rows:
        await tx.execute(_SAVE_INVITATIONS, _columns(rows, *_INVITATION))


_INVITATION = (
    "invitation_id", "order_id", "state", "reason", "cohort", "planned_at", "look_at", "decided_at", "asked_at",
    "expires_at", "sent_at", "answered_at",
)  # fmt: skip
_SAVE_INVITATIONS = text("""
    insert into invitations (invitation_id, customer_id, order_id, state, reason, cohort, planned_at, look_at,
                             decided_at, asked_at, expires_at, sent_at, answered_at)
    select * from unnest(
        cast(:invitation_id as text[]), cast(:customer_id as text[]), cast(:order_id as text[]), cast(:state as text[]),
        cast(:reason as text[]), cast(:cohort as text[]), cast(:planned_at as timestamptz[]),
        cast(:look_at as timestamptz[]), cast(:decided_at as timestamptz[]), cast(:asked_at as timestamptz[]),
        cast(:expires_at as timestamptz[]), cast(:sent_at as timestamptz[]), cast(:answered_at as timestamptz[]))
    on conflict (invitation_id) do update
    set state = excluded.state, reason = excluded.reason, cohort = excluded.cohort, look_at = excluded.look_at,
        decided_at = excluded.decided_at, asked_at = excluded.asked_at, expires_at = excluded.expires_at,
        sent_at = excluded.sent_at, answered_at = excluded.answered_at
""")


async def _save_responses(tx: Tx, rows: Sequence[tuple[str, Response]]) -> None:
    if rows:
        names = ("invitation_id", "order_id", "score", "cohort", "answered_at", "comment")
        await tx.execute(_SAVE_RESPONSES, _columns(rows, *names))


_SAVE_RESPONSES = text("""
    insert into responses (invitation_id, customer_id, order_id, score, cohort, answered_at, comment)
    select * from unnest(
        cast(:invitation_id as text[]), cast(:customer_id as text[]), cast(:order_id as text[]),
        cast(:score as smallint[]), cast(:cohort as text[]), cast(:answered_at as timestamptz[]),
        cast(:comment as text[]))
""")


async def _save_cases(tx: Tx, rows: Sequence[tuple[str, Case]]) -> None:
    if rows:
        names = (
            "case_id", "order_id", "cause", "state", "opened_at", "due_at", "escalated_at", "resolved_at", "resolution",
        )  # fmt: skip
        goodwill = {"goodwill": [msgspec.json.encode(case.goodwill).decode() for _, case in rows]}
        await tx.execute(_SAVE_CASES, _columns(rows, *names) | goodwill)


_SAVE_CASES = text("""
    insert into cases (case_id, customer_id, order_id, cause, state, opened_at, due_at, escalated_at, resolved_at,
                       resolution, goodwill)
    select case_id, customer_id, order_id, cause, state, opened_at, due_at, escalated_at, resolved_at, resolution,
           nullif(cast(goodwill as jsonb), 'null')
    from unnest(
        cast(:case_id as text[]), cast(:customer_id as text[]), cast(:order_id as text[]), cast(:cause as text[]),
        cast(:state as text[]), cast(:opened_at as timestamptz[]), cast(:due_at as timestamptz[]),
        cast(:escalated_at as timestamptz[]), cast(:resolved_at as timestamptz[]), cast(:resolution as text[]),
        cast(:goodwill as text[]))
      as v (case_id, customer_id, order_id, cause, state, opened_at, due_at, escalated_at, resolved_at, resolution,
            goodwill)
    on conflict (case_id) do update
    set state = excluded.state, escalated_at = excluded.escalated_at, resolved_at = excluded.resolved_at,
        resolution = excluded.resolution, goodwill = excluded.goodwill
""")


async def _forget_words(tx: Tx, customer_ids: Sequence[str]) -> None:
    if customer_ids:
        await tx.execute(_FORGET_WORDS, {"ids": list(customer_ids)})
        await tx.execute(_FORGET_WRITINGS, {"ids": list(customer_ids)})


_FORGET_WORDS = text("""
    update responses r set comment = null
    from unnest(cast(:ids as text[])) as v (customer_id)
    where r.customer_id = v.customer_id and r.comment is not null
""")


_FORGET_WRITINGS = text("""
    update writings w set text = null
    from unnest(cast(:ids as text[])) as v (customer_id)
    where w.customer_id = v.customer_id and w.text is not null
""")


async def _save_writings(tx: Tx, rows: Sequence[tuple[str, Writing]]) -> None:
    if rows:
        names = ("contact_id", "case_id", "in_reply_to", "occurred_at", "topic", "by_addressee", "text")
        stories = {"story": [msgspec.json.encode(writing.story).decode() for _, writing in rows]}
        await tx.execute(_SAVE_WRITINGS, _columns(rows, *names) | stories)


_SAVE_WRITINGS = text("""
    insert into writings (contact_id, customer_id, case_id, in_reply_to, occurred_at, topic, by_addressee, text, story)
    select contact_id, customer_id, case_id, in_reply_to, occurred_at, topic, by_addressee, words,
           nullif(cast(story as jsonb), 'null')
    from unnest(
        cast(:contact_id as text[]), cast(:customer_id as text[]), cast(:case_id as text[]),
        cast(:in_reply_to as text[]), cast(:occurred_at as timestamptz[]), cast(:topic as text[]),
        cast(:by_addressee as boolean[]), cast(:text as text[]), cast(:story as text[]))
      as v (contact_id, customer_id, case_id, in_reply_to, occurred_at, topic, by_addressee, words, story)
    on conflict do nothing
""")


async def writings_of(tx: Tx, case_id: str) -> list[Writing]:
    """What the customer answered, oldest first."""
    return [writing for _, writing in _owned(await tx.execute(_WRITINGS, {"case_id": case_id}), Writing)]


_WRITINGS = text("select * from writings where case_id = :case_id order by occurred_at, contact_id")


Place = tuple[datetime, str]
"""Where a row stands in its list: its time and its id, newest first."""


async def invitations(
    tx: Tx, *, customer_id: str | None, state: str | None, after: Place | None, most: int
) -> list[tuple[str, Invitation]]:
    """Whose question and how it stands, latest delivery first."""
    rows = await tx.execute(_INVITATIONS, {"customer_id": customer_id, "state": state} | _page(after, most))
    return _owned(rows, Invitation)


_INVITATIONS = text("""
    select * from invitations
    where (cast(:customer_id as text) is null or customer_id = cast(:customer_id as text))
      and (cast(:state as text) is null or state = cast(:state as text))
      and (cast(:id as text) is null or (planned_at, invitation_id) < (cast(:at as timestamptz), cast(:id as text)))
    order by planned_at desc, invitation_id desc limit :most
""")


async def responses(tx: Tx, *, after: Place | None, most: int) -> list[tuple[str, Response]]:
    """Who answered what, in their own words, latest first."""
    return _owned(await tx.execute(_RESPONSES, _page(after, most)), Response)


_RESPONSES = text("""
    select * from responses
    where cast(:id as text) is null or (answered_at, invitation_id) < (cast(:at as timestamptz), cast(:id as text))
    order by answered_at desc, invitation_id desc limit :most
""")


async def cases(tx: Tx, *, state: str | None, after: Place | None, most: int) -> list[tuple[str, Case]]:
    """Whose case and how it stands, latest first."""
    return _owned(await tx.execute(_CASES, {"state": state} | _page(after, most)), Case)


_CASES = text("""
    select * from cases
    where (cast(:state as text) is null or state = cast(:state as text))
      and (cast(:id as text) is null or (opened_at, case_id) < (cast(:at as timestamptz), cast(:id as text)))
    order by opened_at desc, case_id desc limit :most
""")


async def case_of(tx: Tx, case_id: str) -> tuple[str, Case] | None:
    """Whose case it is and how it stands; None for a case that nobody opened."""
    found = _owned(await tx.execute(_CASE, {"case_id": case_id}), Case)
    return found[0] if found else None


_CASE = text("select * from cases where case_id = :case_id")


def _page(after: Place | None, most: int) -> dict[str, Any]:
    at, identity = after or (None, None)
    return {"at": at, "id": identity, "most": most}


def _owned(rows: Iterable[Row[Any]], kind: type[R]) -> list[tuple[str, R]]:
    return [(row.customer_id, msgspec.convert(dict(row._mapping), kind)) for row in rows]


async def slices(tx: Tx, *, since: datetime, until: datetime, zone: str) -> list[Slice]:
    """What was answered and decided from `since` to before `until`, by day (in `zone`) and cohort."""
    span = {"since": since, "until": until, "zone": zone}
    bounds = {"promoters_from": PROMOTERS_FROM, "passives_from": PASSIVES_FROM}
    answered = [_answered(row) for row in await tx.execute(_ANSWERED, span | bounds)]
    return answered + [_decided(row) for row in await tx.execute(_DECIDED, span)]


_ANSWERED = text("""
    select cast(answered_at at time zone :zone as date) as day, cohort,
           count(*) filter (where score >= :promoters_from) as promoters,
           count(*) filter (where score >= :passives_from and score < :promoters_from) as passives,
           count(*) filter (where score < :passives_from) as detractors
    from responses where answered_at >= :since and answered_at < :until
    group by 1, 2
""")
_DECIDED = text("""
    select cast(decided_at at time zone :zone as date) as day, cohort, asked_at is not null as asked, state, reason,
           count(*) as customers, count(sent_at) as sent, count(answered_at) as answered
    from invitations where decided_at >= :since and decided_at < :until
    group by 1, 2, 3, 4, 5
""")


def _answered(row: Row[Any]) -> Slice:
    tally = Tally(promoters=row.promoters, passives=row.passives, detractors=row.detractors)
    return Slice(day=row.day, cohort=Cohort(row.cohort), sample=Sample(tally=tally))


def _decided(row: Row[Any]) -> Slice:
    if row.asked:
        sample = Sample(asked=row.customers, sent=row.sent, answered=row.answered)
    elif row.state == InvitationState.held:
        sample = Sample(held={row.reason: row.customers})
    else:
        sample = Sample(not_asked={row.reason: row.customers})
    return Slice(day=row.day, cohort=None if row.cohort is None else Cohort(row.cohort), sample=sample)


async def open_cases(tx: Tx) -> tuple[int, float]:
    """How many cases nobody has resolved, and the seconds since the earliest of their targets; negative before it."""
    row = (await tx.execute(_OPEN_CASES)).one()
    return row.number, float(row.overdue_s or 0)


_OPEN_CASES = text("""
    select count(*) as number, extract(epoch from now() - min(due_at)) as overdue_s
    from cases where state <> 'resolved'
""")
