"""What other services ask for, messages of one broadcast and how it is steered, webhooks and what they are owed."""

from alembic import op

revision = "0008"
down_revision = "0007"

_UP = """
create table wishes (
    idempotency_key text primary key,
    fingerprint     text not null,       -- of what was asked for with this key
    message_id      text not null,
    claimed_at      timestamptz not null,
    granted_at      timestamptz          -- null: somebody is at it, or died over it
);

alter table messages add column broadcast_id text;
drop index messages_ready;
create index messages_ready on messages (channel, priority, ready_at, message_id)
  where state = 'ready' and broadcast_id is null;
create index messages_ready_to_many on messages (broadcast_id, priority, intended_at, message_id)
  where state = 'ready' and broadcast_id is not null;
create index messages_to_many on messages (broadcast_id, kind, state, reason) where broadcast_id is not null;

create table broadcasts (
    broadcast_id text primary key,
    heard_at     timestamptz not null default now(),
    per_second   double precision,       -- null: the usual pace
    stopped_at   timestamptz,
    paced_at     timestamptz             -- up to this moment its pace is used up
);
create table broadcast_steps (
    step_id      bigint generated always as identity primary key,
    broadcast_id text not null,
    step         text not null,          -- stop, resume, pace
    per_second   double precision,
    actor        text not null,
    at           timestamptz not null default now()
);
create index broadcast_steps_of on broadcast_steps (broadcast_id, step_id);
create table broadcast_minutes (
    broadcast_id text not null,
    channel      text not null,
    minute       timestamptz not null,
    told         integer not null,       -- given to the provider and taken by it
    primary key (broadcast_id, minute, channel)
);

create table webhooks (
    webhook_id      text primary key,
    url             text not null,
    types           text[] not null,     -- empty: everything
    description     text not null,
    secret          text not null,
    former_secret   text,                -- signs too until it ends
    former_until    timestamptz,
    disabled_reason text,                -- null: it is delivered to
    failures        integer not null default 0,      -- in a row
    rests_until     timestamptz,         -- nothing is delivered before
    created_at      timestamptz not null default now(),
    delivered_at    timestamptz          -- when something last arrived
);
create table webhook_deliveries (
    webhook_id   text not null,
    event_id     text not null,          -- the header webhook-id, the same at every attempt
    customer_id  text not null,
    type         text not null,
    occurred_at  timestamptz not null,
    body         text not null,          -- the very bytes that are signed; nothing personal
    next_at      timestamptz,            -- of the next attempt, or when it counts as lost with who has it in hand
    attempts     integer not null default 0,
    status       integer,                -- the last HTTP status
    error        text,                   -- why the last attempt failed, where there was no status
    ended_at     timestamptz,            -- when it arrived or was given up
    arrived      boolean not null default false,
    created_at   timestamptz not null default now(),
    primary key (webhook_id, event_id)
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where ended_at is null;
create index webhook_deliveries_of on webhook_deliveries (customer_id);
create index webhook_deliveries_newest on webhook_deliveries (webhook_id, created_at, event_id)
"""
_DOWN = """
drop table webhook_deliveries;
drop table webhooks;
drop table broadcast_minutes;
drop table broadcast_steps;
drop table broadcasts;
drop index messages_to_many;
drop index messages_ready_to_many;
drop index messages_ready;
create index messages_ready on messages (channel, priority, ready_at, message_id) where state = 'ready';
alter table messages drop column broadcast_id;
drop table wishes
"""


def upgrade() -> None:
    for statement in _UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN.split(";\n"):
        op.execute(statement)
