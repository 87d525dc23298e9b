"""Disruptions that staff declares, whom they may concern, and the calls that are still to be left for these orders.

Orders that are underway are looked at once: from then on their rows say by what they can be concerned.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LOOK_ONCE = """
    insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id, traceparent)
    select distinct on (customer_id, subject)
           customer_id, 'disruption_changes', subject, partition,
           now() + abs(hashtext(subject) % 1000000) * interval '1 microsecond', set_by, correlation_id, traceparent
    from deadlines where kind in ('promise_ends', 'risk_check', 'silence_lasts')
    order by customer_id, subject, due_at
    on conflict do nothing
"""
"""Set by whatever set a deadline of the order, over a second: deadlines of one moment are folded in one transaction. An
order that waits for nothing is looked at when it is heard of next.
"""


def upgrade() -> None:
    op.execute("""
        create table disruptions (
            disruption_id text primary key,
            declared_at   timestamptz not null,
            over_at       timestamptz,           -- ended or withdrawn
            document      jsonb not null         -- whom it concerns and everything that was said of it; the truth
        )
    """)
    op.execute("create index disruptions_by_age on disruptions (declared_at desc, disruption_id desc)")
    op.execute("""
        create table disruption_calls (              -- whom a statement concerns is called in portions
            statement_id  text primary key,
            disruption_id text not null references disruptions,
            due_at        timestamptz not null,
            opens         boolean not null,          -- the declaration itself: orders; else those with an open issue
            called_until  text not null default ''   -- the last order that was called
        )
    """)
    op.execute("alter table timelines add column traits text[] not null default '{}'")
    op.execute("create index timelines_underway on timelines (order_id) where traits <> '{}'")
    op.execute("""
        create index issues_of_disruption on issues ((document->>'subject'), order_id) where kind = 'disruption'
    """)
    op.execute(LOOK_ONCE)


def downgrade() -> None:
    op.execute("delete from deadlines where kind = 'disruption_changes'")
    op.execute("drop index issues_of_disruption")
    op.execute("alter table timelines drop column traits")
    op.execute("drop table disruption_calls")
    op.execute("drop table disruptions")
