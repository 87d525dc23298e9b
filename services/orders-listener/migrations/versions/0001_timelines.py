"""Timelines, issues, and what is known of customers beside orders."""

from alembic import op

from chassis import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create(op)
    op.execute("""
        create table timelines (
            order_id       text primary key,
            customer_id    text not null,
            status         text not null,
            began_at       timestamptz not null,  -- the order's placing, or the first thing said of it
            placed_at      timestamptz,           -- null: the order itself is not known yet
            promised_until timestamptz,
            delivered_at   timestamptz,
            document       jsonb not null         -- the history and what followed from it; the truth
        )
    """)
    op.execute("create index timelines_of_customer on timelines (customer_id, began_at desc, order_id desc)")
    op.execute("create index timelines_by_age on timelines (began_at desc, order_id desc)")
    op.execute("""
        create table issues (
            issue_id    text primary key,
            order_id    text not null references timelines,
            customer_id text not null,
            kind        text not null,
            state       text not null check (state in ('open', 'resolved')),
            severity    text not null,
            opened_at   timestamptz not null,
            resolved_at timestamptz,
            document    jsonb not null
        )
    """)
    op.execute("create index issues_of_order on issues (order_id)")
    op.execute("create index issues_of_customer on issues (customer_id, opened_at desc, issue_id desc)")
    op.execute("create index issues_by_age on issues (opened_at desc, issue_id desc)")
    op.execute("""
        create table patrons (
            customer_id         text primary key,
            first_contact_id    text,
            first_contact_at    timestamptz,
            first_contact_topic text,
            erased_at           timestamptz
        )
    """)


def downgrade() -> None:
    op.execute("drop table patrons")
    op.execute("drop table issues")
    op.execute("drop table timelines")
    schema.drop(op)
