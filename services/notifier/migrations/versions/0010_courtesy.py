"""Who leaves first when much is ready at once: what went wrong before what cheers, high tiers earlier."""

from alembic import op

revision = "0010"
down_revision = "0001"

_UP = """
alter table messages add column priority smallint not null default 0;
drop index messages_ready;
create index messages_ready on messages (priority, ready_at, message_id) where state = 'ready'
"""
_DOWN = """
drop index messages_ready;
create index messages_ready on messages (ready_at, message_id) where state = 'ready';
alter table messages drop column priority
"""


def upgrade() -> None:
    for statement in _UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN.split(";\n"):
        op.execute(statement)
