"""Who is blocked is asked every few seconds, for metrics: an index that is empty while all is well."""

from alembic import op

from chassis import schema

revision = "0004"
down_revision = "0003"
old_code_runs = True


def upgrade() -> None:
    """One partial index."""
    schema.add_index_of_blocked(op)


def downgrade() -> None:
    """Without it."""
    schema.drop_index_of_blocked(op)
