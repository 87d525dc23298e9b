"""Orders that are underway get their first look for silences; from then on each sets its own."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LOOK_ONCE = """
    insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id, traceparent)
    select distinct on (customer_id, subject)
           customer_id, 'silence_lasts', subject, partition, now(), set_by, correlation_id, traceparent
    from deadlines where kind in ('promise_ends', 'risk_check', 'return_window_ends')
    order by customer_id, subject, due_at
    on conflict do nothing
"""
"""Set by whatever set the order's promise watch. An order without one is looked at when it is heard of next."""


def upgrade() -> None:
    op.execute(LOOK_ONCE)


def downgrade() -> None:
    op.execute("delete from deadlines where kind = 'silence_lasts'")
