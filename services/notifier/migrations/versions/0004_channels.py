"""Which channel a message takes; people have an address per channel."""

from alembic import op

revision = "0004"
down_revision = "0003"

_UP = """
alter table messages add column channel text not null default 'email';
update people set document = document - 'email'
  || jsonb_build_object('addresses', jsonb_build_object('email', document -> 'email'))
where document ->> 'email' is not null
"""
_DOWN = """
update people set document = document - 'addresses' || jsonb_build_object('email', document #> '{addresses,email}')
where document #>> '{addresses,email}' is not null;
alter table messages drop column channel
"""


def upgrade() -> None:
    for statement in _UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN.split(";\n"):
        op.execute(statement)
