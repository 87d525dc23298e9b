"""What customers answer to our messages, for whoever takes care of the case."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One table."""
    op.execute("""
    create table writings (
        contact_id   text primary key,
        customer_id  text not null,
        case_id      text not null,
        in_reply_to  text not null,        -- the notifier's message
        occurred_at  timestamptz not null,
        topic        text,
        by_addressee boolean,
        text         text,                 -- forgotten when the customer is
        story        jsonb                 -- what they had been told, and how the order stood; names nobody
    )
    """)
    op.execute("create index writings_of_case on writings (case_id, occurred_at, contact_id)")
    op.execute("create index writings_of_customer on writings (customer_id)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table writings")
