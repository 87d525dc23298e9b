"""Who was written to before is not asked the question of the first message."""

from alembic import op

revision = "0009"
down_revision = "0003"

_ASKED = """
insert into circumstances (customer_id, document)
select distinct m.customer_id, '{"asked_in": "before"}'::jsonb from messages m
where m.state in ('ready', 'sending', 'joined', 'sent', 'unknown')
on conflict (customer_id) do update set document = circumstances.document || excluded.document
"""


def upgrade() -> None:
    op.execute(_ASKED)


def downgrade() -> None:
    op.execute("update circumstances set document = document - 'asked_in'")
