"""API keys, and who gave which command."""

from alembic import op

from chassis import schema

revision = "0010"
down_revision = "0009"
old_code_runs = True


def upgrade() -> None:
    """Two tables."""
    schema.add_access(op)


def downgrade() -> None:
    """Drop them."""
    schema.drop_access(op)
