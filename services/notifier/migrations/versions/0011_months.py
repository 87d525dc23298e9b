"""What grows with every event lies in months, which are added ahead and dropped whole."""

from alembic import op

from chassis import schema

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """The chassis's tables; none of ours."""
    schema.add_months(op)


def downgrade() -> None:
    """Plain tables again."""
    schema.drop_months(op)
