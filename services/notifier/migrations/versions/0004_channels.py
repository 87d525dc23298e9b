"""Which channel a message takes and who was given it; an address per channel; how providers are."""

from alembic import op

revision = "0004"
down_revision = "0003"

_UP = """
alter table messages add column channel text not null default 'email';
alter table messages add column deferrals smallint not null default 0;
update messages set deferrals = least(attempts, 7) where state = 'held' and reason = 'deferred';
alter table messages add column provider text;
drop index messages_ready;
create index messages_ready on messages (channel, priority, ready_at, message_id) where state = 'ready';
create table providers (
    channel      text not null,
    name         text not null,
    sender       text not null,         -- the process that says it: each has connections of its own
    state        text not null,
    per_second   double precision,
    in_flight    integer not null,
    code         text,                  -- of the last trouble
    since        timestamptz not null,
    said_at      timestamptz not null default now(),
    primary key (channel, name, sender)
);
update people set document = document - 'email'
  || jsonb_build_object('addresses', jsonb_build_object('email', document -> 'email'))
where document ->> 'email' is not null
"""
_DOWN = """
update people set document = document - 'addresses' || jsonb_build_object('email', document #> '{addresses,email}')
where document #>> '{addresses,email}' is not null;
drop table providers;
drop index messages_ready;
create index messages_ready on messages (priority, ready_at, message_id) where state = 'ready';
alter table messages drop column provider;
alter table messages drop column deferrals;
alter table messages drop column channel
"""


def upgrade() -> None:
    for statement in _UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN.split(";\n"):
        op.execute(statement)
