"""People, their circumstances, and what was or will be said to them."""

from alembic import op

from chassis import schema

revision = "0001"
down_revision = None

_CREATE = """
create table people (
    customer_id text primary key,
    erased      boolean not null,
    document    jsonb,                  -- null after erasure
    check (document is null or not erased)
);

create table circumstances (
    customer_id text primary key,
    document    jsonb not null          -- orders and issues; nothing personal
);

create table messages (
    message_id     text primary key,
    customer_id    text not null,
    kind           text not null,
    subject        text not null,
    state          text not null,
    reason         text,
    order_id       text,
    issue_id       text,
    invitation_id  text,
    intended_at    timestamptz not null,
    expires_at     timestamptz not null,
    told_by        timestamptz,
    held_until     timestamptz,
    ready_at       timestamptz,
    attempts       integer not null,
    content        jsonb not null,      -- what the words may use; nothing personal
    correlation_id text not null,       -- of the fact that led to it
    traceparent    text,
    leased_until   timestamptz,         -- a sender has it in hand until then
    result         text,                -- what became of it, where that could not be reported at once
    unique (customer_id, kind, subject)
);
create table told_before (
    message_id text primary key,        -- sent in a past that this database does not remember: a backup was put back
    told_at    timestamptz not null
);

create index messages_unsaid on messages (customer_id) where state in ('intended', 'held', 'ready', 'sending');
create index messages_ready on messages (ready_at, message_id) where state = 'ready';
create index messages_in_hand on messages (leased_until) where state = 'sending';
create index messages_newest on messages (intended_at, message_id)
"""


def upgrade() -> None:
    schema.create(op)
    for statement in _CREATE.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("told_before", "messages", "circumstances", "people"):
        op.execute(f"drop table {table}")
    schema.drop(op)
