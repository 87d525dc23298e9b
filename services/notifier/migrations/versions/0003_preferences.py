"""One click of customers of whom an event is parked: kept until it can be folded."""

from alembic import op

revision = "0003"
down_revision = "0002"

_CREATE = """
create table kept_withdrawals (
    customer_id  text not null,
    purpose      text not null,
    message_id   text not null,          -- the mail in which it was clicked
    withdrawn_at timestamptz not null,
    primary key (customer_id, purpose)
)
"""


def upgrade() -> None:
    op.execute(_CREATE)


def downgrade() -> None:
    op.execute("drop table kept_withdrawals")
