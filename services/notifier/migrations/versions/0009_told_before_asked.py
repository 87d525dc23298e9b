"""Whether customers were told before they asked: when they were told of issues, when they wrote, when mails left.

Who was written to before is not asked the question of the first message.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_CREATE = """
alter table messages add column sent_at timestamptz;
create table tellings (
    issue_id    text primary key,
    customer_id text not null,
    order_id    text not null,
    kind        text not null,
    happened_at timestamptz not null,    -- when the storefront said it, or silence became an issue
    promised_by timestamptz,
    told_at     timestamptz              -- when the mail server took it
);
create index tellings_happened on tellings (happened_at);
create table contacts (
    customer_id text not null,
    contact_id  text not null,
    order_id    text,
    occurred_at timestamptz not null,
    topic       text,
    primary key (customer_id, contact_id)
);
create index contacts_order on contacts (order_id);
insert into circumstances (customer_id, document)
select distinct m.customer_id, '{"asked_in": "before"}'::jsonb from messages m
where m.state in ('ready', 'sending', 'joined', 'sent', 'unknown')
on conflict (customer_id) do update set document = circumstances.document || excluded.document
"""
_DROP = """
update circumstances set document = document - 'asked_in';
drop table contacts;
drop table tellings;
alter table messages drop column sent_at
"""


def upgrade() -> None:
    for statement in _CREATE.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DROP.split(";\n"):
        op.execute(statement)
