"""Who claims a carrier's number, and what was said of parcels and orders that nobody knows yet."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table tracking_claims (
            tracking_number text not null,
            carrier         text not null,         -- in the one form; empty: nobody was named
            order_id        text not null,
            shipment_id     text not null,
            customer_id     text not null,
            announced_at    timestamptz not null,  -- the parcel's announcement
            claimed_at      timestamptz not null,  -- when we were told
            primary key (tracking_number, carrier, order_id, shipment_id)
        )
    """)
    op.execute("create index tracking_claims_by_age on tracking_claims (claimed_at)")
    op.execute("""
        create table unmatched_trackings (
            source          text not null,
            event_id        text not null,
            carrier         text not null,
            tracking_number text not null,
            type            text not null,
            correlation_id  text not null,
            data            text not null,         -- the fact, without the ids that are still to be found
            number          bigint generated always as identity unique,
            occurred_at     timestamptz not null,
            received_at     timestamptz not null,
            kept_at         timestamptz not null default now(),
            look_at         timestamptz not null default now(),
            primary key (source, event_id)
        )
    """)
    op.execute("create index unmatched_trackings_due on unmatched_trackings (look_at, number)")
    # a provider that tells the whole history with every hook is kept once; by number it is found when that is claimed
    op.execute("create unique index on unmatched_trackings (tracking_number, carrier, type, md5(data))")
    op.execute("create index unmatched_trackings_by_age on unmatched_trackings (received_at)")
    op.execute("""
        create table unmatched_orders (
            source          text not null,
            event_id        text not null,
            order_id        text not null,
            type            text not null,
            correlation_id  text not null,
            data            text not null,
            number          bigint generated always as identity unique,
            received_at     timestamptz not null,
            kept_at         timestamptz not null default now(),
            look_at         timestamptz not null default now(),
            primary key (source, event_id)
        )
    """)
    op.execute("create index unmatched_orders_due on unmatched_orders (look_at, number)")
    op.execute("create unique index on unmatched_orders (order_id, type, md5(data))")
    op.execute("create index unmatched_orders_by_age on unmatched_orders (received_at)")


def downgrade() -> None:
    op.execute("drop table unmatched_orders")
    op.execute("drop table unmatched_trackings")
    op.execute("drop table tracking_claims")
