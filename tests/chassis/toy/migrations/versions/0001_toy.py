"""The toy's tables."""

from alembic import op

from chassis import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create."""
    schema.create(op)
    schema.add_closings(op)
    schema.add_access(op)
    schema.add_index_of_blocked(op)
    op.execute("create table counted (customer_id text primary key, seen text[] not null)")
    op.execute("""
        create table effects (
            effect_id bigint generated always as identity, reference text primary key, customer_id text not null,
            what text not null check (length(what) < 100))
    """)
    op.execute("create table days (day date primary key, effects integer not null)")


def downgrade() -> None:
    """Drop."""
    op.execute("drop table effects, counted, days")
    schema.drop_access(op)
    schema.drop_closings(op)
    schema.drop(op)
