"""What comes back: addresses that are not written to, which mail went to which, and answers that were passed on."""

from alembic import op

revision = "0007"
down_revision = "0006"

_CREATE = """
create table suppressions (
    address_hash   bytea not null,       -- keyed: it outlives the person (notifier.pseudonyms)
    reach          text not null,        -- everything, or what is not about an order
    reason         text not null,
    since          timestamptz not null,
    until          timestamptz,          -- null: until somebody lifts it
    evidence       text not null,        -- names nobody
    lifted_at      timestamptz,
    lifted_because text,
    primary key (address_hash, reach)
);
create index suppressions_listed on suppressions (since, address_hash, reach) where lifted_at is null;
create table soft_bounces (
    address_hash bytea not null,
    message_id   text not null,
    bounced_at   timestamptz not null,
    primary key (address_hash, message_id)
);
create index soft_bounces_old on soft_bounces (bounced_at);
create table mailed (
    message_id   text primary key,
    address_hash bytea not null,         -- where it went: a bounce concerns that address, whatever is known since
    mailed_at    timestamptz not null
);
create index mailed_old on mailed (mailed_at);
create index messages_inside on messages (customer_id, inside) where inside is not null;
create table answers (
    contact_id  text primary key,        -- a person's answer to a mail of ours; its words are on Kafka alone
    customer_id text not null,
    received_at timestamptz not null,
    about       jsonb not null,          -- what goes with it, as it was then: said again it is the same
    said_at     timestamptz              -- null: Kafka has not acknowledged it yet
);
create index answers_old on answers (received_at)
"""


def upgrade() -> None:
    for statement in _CREATE.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop index messages_inside")
    for table in ("answers", "mailed", "soft_bounces", "suppressions"):
        op.execute(f"drop table {table}")
