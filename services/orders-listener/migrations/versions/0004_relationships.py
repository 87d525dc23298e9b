"""What a customer's purchases add up to."""

from alembic import op

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table patrons add column relationship jsonb not null default '{}'")


def downgrade() -> None:
    op.execute("alter table patrons drop column relationship")
