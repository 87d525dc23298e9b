"""The first tables: what is known of customers, what they were asked and answered, who takes care of them."""

from alembic import op

from chassis import schema

revision = "0001"
down_revision = None

_CREATE = """
create table experiences (
    customer_id text primary key,
    document    jsonb not null         -- feedback.customers.Customer; no words of the customer
);

create table invitations (
    invitation_id text primary key,
    customer_id   text not null,
    order_id      text not null,
    state         text not null,
    reason        text,                -- of held and not_asked
    cohort        text,                -- what the customer had gone through when it was settled
    planned_at    timestamptz not null,
    look_at       timestamptz,
    decided_at    timestamptz,
    asked_at      timestamptz,
    expires_at    timestamptz,
    sent_at       timestamptz,
    answered_at   timestamptz
);
create index invitations_listed on invitations (planned_at desc, invitation_id desc);
create index invitations_of_customer on invitations (customer_id, planned_at desc, invitation_id desc);
create index invitations_decided on invitations (decided_at);

create table responses (
    invitation_id text primary key,    -- one answer each
    customer_id   text not null,
    order_id      text not null,
    score         smallint not null check (score between 0 and 10),
    cohort        text not null,
    answered_at   timestamptz not null,
    comment       text                 -- forgotten when the customer is
);
create index responses_listed on responses (answered_at desc, invitation_id desc);
create index responses_of_customer on responses (customer_id);

create table cases (
    case_id      text primary key,
    customer_id  text not null,
    order_id     text,
    cause        text not null,
    state        text not null,
    opened_at    timestamptz not null,
    due_at       timestamptz not null,
    escalated_at timestamptz,
    resolved_at  timestamptz,
    resolution   text,
    goodwill     jsonb                 -- feedback.customers.Goodwill
);
create index cases_listed on cases (opened_at desc, case_id desc);
create index cases_open on cases (opened_at desc, case_id desc) where state <> 'resolved';
"""

_TABLES = ("cases", "responses", "invitations", "experiences")


def upgrade() -> None:
    """The chassis's tables, then ours."""
    schema.create(op)
    for statement in filter(str.strip, _CREATE.split(";\n")):
        op.execute(statement)


def downgrade() -> None:
    """Drop them all."""
    for table in _TABLES:
        op.execute(f"drop table {table}")
    schema.drop(op)
