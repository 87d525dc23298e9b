"""Who leaves first when much is ready at once, and which messages went out inside of another one."""

from alembic import op

revision = "0002"
down_revision = "0001"

_UP = """
alter table messages add column priority smallint not null default 0;
alter table messages add column inside text;
drop index messages_unsaid;
create index messages_unsaid on messages (customer_id)
  where state in ('intended', 'held', 'ready', 'sending', 'joined');
drop index messages_ready;
create index messages_ready on messages (priority, ready_at, message_id) where state = 'ready'
"""
_DOWN = """
-- its words stand in the message that it is inside of
update messages set state = 'sent' where state = 'joined';
drop index messages_unsaid;
create index messages_unsaid on messages (customer_id) where state in ('intended', 'held', 'ready', 'sending');
alter table messages drop column inside;
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
