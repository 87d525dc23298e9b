"""Who gave which command is kept in months as well, which are added ahead and dropped whole."""

from alembic import op

from chassis import schema

revision = "0005"
down_revision = "0004"
old_code_runs = True


def upgrade() -> None:
    """The chassis's table."""
    schema.add_months_of_audits(op)


def downgrade() -> None:
    """A plain table again."""
    schema.drop_months_of_audits(op)
