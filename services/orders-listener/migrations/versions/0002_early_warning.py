"""What the early warning learns from: journeys of orders, forecasts that were made, and the daily snapshot."""

from alembic import op

from chassis import schema

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.add_closings(op)
    op.execute("""
        create table journeys (                       -- all days are the destination's
            order_id       text primary key,
            plan           text not null,             -- lane of planned days
            country        text not null,
            region         text not null,
            known_on       date not null,
            ship_by_on     date not null,
            promised_on    date,
            moved_on       date,                      -- handed to the carrier …
            moved_known_on date,                      -- … and when that was known
            ended_on       date not null,             -- when it was known that nobody waits any more; else infinity
            delivered      boolean not null
        )
    """)
    op.execute("create index journeys_by_end on journeys (ended_on)")
    op.execute("""
        create table forecasts (
            order_id    text not null,
            ends_at     timestamptz not null,         -- the promise
            stage       smallint not null,            -- the last look at a wanted lead (0, 1); -1: an earlier one
            at          timestamptz not null,
            forecast_on date not null,
            promised_on date not null,
            raw_milli   smallint not null,            -- chance to come late, in thousandths
            late_milli  smallint not null,            -- … recalibrated
            bar_milli   smallint not null,
            snapshot    text not null,
            primary key (order_id, ends_at, at)
        )
    """)
    op.execute("create index forecasts_by_day on forecasts (forecast_on)")
    op.execute("create index forecasts_by_promise on forecasts (promised_on)")
    op.execute("create table snapshots (day date primary key, document jsonb not null)")


def downgrade() -> None:
    op.execute("drop table snapshots")
    op.execute("drop table forecasts")
    op.execute("drop table journeys")
    schema.drop_closings(op)
