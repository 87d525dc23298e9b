"""The tables that the chassis needs in every service's database. Called by each service's first migration.

A later change is a new function here, called by a new migration of each service; this one is never edited.
"""

from datetime import UTC, datetime

from alembic.operations import Operations

from chassis import months

_CREATE = """
create table positions (
    topic       text not null,
    partition   integer not null,
    next_offset bigint not null,
    reached_at  timestamptz,           -- simulated time only: the last time-reached taken from this topic
    settled_at  timestamptz,           -- up to here events and deadlines of this partition are folded
    consumed    bigint not null default 0,
    applied     bigint not null default 0,
    duplicate   bigint not null default 0,
    parked      bigint not null default 0,
    ignored     bigint not null default 0,
    primary key (partition, topic),
    constraint nothing_is_lost check (applied + duplicate + parked + ignored = consumed)
);

create table inbox (
    event_id     text not null,
    source       text not null,
    content_hash bigint not null,      -- the same id with other content is parked, never dropped
    topic        text not null,
    partition    integer not null,
    "offset"     bigint not null,
    primary key (event_id, source)
);

create table customers (
    customer_id    text primary key,   -- this row's lock is the customer's lock
    blocked_at     timestamptz,
    blocked_reason text,
    blocked_by     text                -- id of the item that could not be applied
);

create table parked_events (
    parked_id     bigint generated always as identity primary key,
    topic         text not null,
    partition     integer not null,
    "offset"      bigint not null,
    timestamp_ms  bigint not null,
    key           bytea,
    value         bytea,
    headers       bytea not null,      -- JSON pairs of name and content, each byte of the content one character
    reason        text not null,
    detail        text not null,
    customer_id   text,
    event_id      text,
    attempts      integer not null default 1,
    state         text not null default 'parked' check (state in ('parked', 'redriven', 'discarded')),
    parked_at     timestamptz not null default now(),
    closed_at     timestamptz,
    closed_by     text,
    unique (topic, partition, "offset")
);
create index parked_events_open on parked_events (customer_id, parked_id) where state = 'parked';

create table deadlines (
    customer_id    text not null,
    kind           text not null,
    subject        text not null,
    partition      integer not null,
    due_at         timestamptz not null,
    set_by         text not null,
    correlation_id text not null,
    traceparent    text,
    primary key (customer_id, kind, subject)
);
create index deadlines_due on deadlines (partition, due_at);

create table outbox (
    outbox_id  bigint generated always as identity primary key,
    topic      text not null,
    partition  integer not null,
    key        bytea,
    value      bytea not null,
    headers    text not null,          -- JSON pairs, in the order sent
    created_at timestamptz not null default now()
);

create table decisions (
    decision_id    bigint generated always as identity primary key,
    customer_id    text not null,
    subject        text not null,
    rule           text not null,
    version        text not null,
    outcome        text not null,
    reason         text not null,
    at             timestamptz not null,
    cause_kind     text not null,
    cause_id       text not null,
    root_id        text not null,      -- the event or command that a deadline goes back to; else the cause itself
    correlation_id text not null,
    detail         jsonb not null
);
create index decisions_of_customer on decisions (customer_id, decision_id);

create table commands (
    command_id     text primary key,
    customer_id    text not null,
    kind           text not null,
    actor          text not null,
    at             timestamptz not null,
    received_at    timestamptz not null default now()
);
"""

_TABLES = (
    "commands", "decisions", "outbox", "deadlines", "parked_events", "customers", "inbox", "positions",
)  # fmt: skip


_CLOSINGS = """
create table closings (
    closed_until timestamptz           -- all days before this midnight (UTC) are summed up; null: none yet
);
insert into closings values (null);
"""

_ACCESS = """
create table api_keys (
    key_id       text primary key,     -- the part of the key that may be seen
    name         text not null,        -- who holds it
    scopes       text[] not null,
    secret_hash  bytea not null,       -- SHA-256
    days         integer not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    last_used_at timestamptz           -- to the minute
);

create table audits (
    audit_id     bigint generated always as identity primary key,
    at           timestamptz not null default now(),
    client       text not null,        -- key:<id>, token:<subject>, command line
    client_name  text not null,
    action       text not null,        -- the route, or the command
    subject      text,                 -- what it was about, by its ids; never what a body said
    on_behalf_of text,                 -- for whom the client said it acted
    customer_id  text
);
create index audits_of_customer on audits (customer_id, audit_id) where customer_id is not null;
"""


_BLOCKED = "create index customers_blocked on customers (blocked_at) where blocked_at is not null"
"""So that asking for them costs nothing where nobody is; a second for millions of customers, under a share lock."""


def create(operations: Operations) -> None:
    """Create them; for the `upgrade` of a first migration."""
    for statement in filter(str.strip, _CREATE.split(";\n")):
        operations.execute(statement)


def drop(operations: Operations) -> None:
    """Drop them; for its `downgrade`."""
    for table in _TABLES:
        operations.execute(f"drop table {table}")


def add_closings(operations: Operations) -> None:
    """What a service with a daily closing needs; for the `upgrade` of a migration of its own."""
    for statement in filter(str.strip, _CLOSINGS.split(";\n")):
        operations.execute(statement)


def drop_closings(operations: Operations) -> None:
    """Drop it; for that migration's `downgrade`."""
    operations.execute("drop table closings")


def add_months(operations: Operations) -> None:
    """Let what grows with every event lie in months; for the `upgrade` of a migration of its own.

    Events of before have no time: they stay with those of their own months, and are recognised as ever. A process of
    before, still running, writes its events there as well.
    """
    operations.execute("alter table inbox add column at timestamptz not null default '-infinity'")
    now = datetime.now(UTC)
    months.lay_out(operations, months.INBOX, now)
    months.lay_out(operations, months.DECISIONS, now, number="decision_id")
    months.lay_out(operations, months.COMMANDS, now)


def drop_months(operations: Operations) -> None:
    """Plain tables again; for that migration's `downgrade`."""
    months.put_together(operations, months.COMMANDS)
    months.put_together(operations, months.DECISIONS, number="decision_id")
    months.put_together(operations, months.INBOX)
    operations.execute("alter table inbox drop column at")


def add_months_of_audits(operations: Operations) -> None:
    """Let audits lie in months too; for the `upgrade` of a migration of its own.

    A process of before goes on writing them, and reads them as ever: it names the table, not where it lies.
    """
    months.lay_out(operations, months.AUDITS, datetime.now(UTC), number="audit_id")


def drop_months_of_audits(operations: Operations) -> None:
    """A plain table again; for that migration's `downgrade`."""
    months.put_together(operations, months.AUDITS, number="audit_id")


def add_index_of_blocked(operations: Operations) -> None:
    """Find blocked customers without looking at all; for the `upgrade` of a migration of its own."""
    operations.execute(_BLOCKED)


def drop_index_of_blocked(operations: Operations) -> None:
    """Drop it; for that migration's `downgrade`."""
    operations.execute("drop index customers_blocked")


def add_access(operations: Operations) -> None:
    """Keys, and what was done with them; for the `upgrade` of a migration of its own."""
    for statement in filter(str.strip, _ACCESS.split(";\n")):
        operations.execute(statement)


def drop_access(operations: Operations) -> None:
    """Drop them; for that migration's `downgrade`."""
    operations.execute("drop table audits, api_keys")
