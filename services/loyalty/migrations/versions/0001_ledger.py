"""Accounts, what each order means in points, and the ledger.

Balances stand on the account's row and are the sum of its postings; `wrong_balances()` proves it. The programme's own
accounts have no row (it would be the hottest of all): their balance is derived from `entries`.
"""

from alembic import op

from chassis import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
create table accounts (
    customer_id       text primary key,
    available_points  bigint not null,     -- below zero: a debt, see the policy negative_balance
    pending_points    bigint not null check (pending_points >= 0),
    qualifying_points bigint not null check (qualifying_points >= 0),
    tier              text,                -- missing: always in the first
    postings          bigint not null,     -- how many there are
    erased_at         timestamptz
) with (fillfactor = 80);

create table order_points (
    customer_id text not null,
    order_id    text not null,
    document    jsonb not null,            -- loyalty.order_points.OrderPoints
    primary key (customer_id, order_id)
) with (fillfactor = 80);

create table postings (
    customer_id text not null,
    number      bigint not null,           -- counts from 1, without gaps
    kind        text not null,
    source      text not null,             -- member:pending, programme:earned …; the member is the customer
    destination text not null,
    points      bigint not null check (points > 0),
    reference   text not null,             -- rule and natural key: the same thing is never booked twice
    order_id    text,
    cause_id    text not null,
    at          timestamptz not null,
    primary key (customer_id, number),
    unique (customer_id, reference)
);

create table goodwill (
    customer_id text not null,
    goodwill_id text not null,
    points      bigint not null,           -- 0: refused
    reason      text not null,
    order_id    text,
    issue_id    text,
    request_id  text,
    at          timestamptz not null,
    primary key (customer_id, goodwill_id)
);

create table redemptions (
    customer_id      text not null,
    redemption_id    text not null,
    points           bigint not null check (points > 0),
    available_points bigint not null,      -- what was left
    redeemed_at      timestamptz not null,
    primary key (customer_id, redemption_id)
)
"""

_ENTRIES = """
create view entries as
select replace(side.account, 'member:', 'member:' || p.customer_id || ':') as account,
       side.points, p.customer_id, p.number, p.kind, p.order_id, p.at
from postings p
cross join lateral (values (p.source, -p.points), (p.destination, p.points)) as side (account, points)
"""

_POINTS_BY_ORDER = """
create view points_by_order as
select customer_id, order_id, max(number) as last_number,
       coalesce(sum(points) filter (where kind = 'earned'), 0) as earned_points,
       coalesce(sum(points) filter (where kind = 'vested'), 0) as vested_points,
       coalesce(sum(points) filter (where kind = 'clawed_back'), 0) as taken_back_points,
       coalesce(sum(points) filter (where kind = 'goodwill'), 0) as goodwill_points,
       coalesce(sum(points) filter (where kind = 'spent'), 0) as spent_points
from postings group by customer_id, order_id
"""

_WRONG_BALANCES = """
create function wrong_balances()
returns table (customer_id text, balance text, on_account bigint, by_postings numeric)
language sql stable as $$
    with sums as (
        select p.customer_id,
               sum(case 'member:available' when p.destination then p.points when p.source then -p.points else 0 end)
                   as available,
               sum(case 'member:pending' when p.destination then p.points when p.source then -p.points else 0 end)
                   as pending,
               sum(case when p.kind = 'vested' then p.points
                        when p.kind = 'clawed_back' and p.source = 'member:available' then -p.points else 0 end)
                   as qualifying,
               count(*) as postings, max(p.number) as last_number
        from postings p group by p.customer_id
    )
    select customer_id, v.balance, v.on_account, v.by_postings
    from accounts a full join sums s using (customer_id)
    cross join lateral (values
        ('available', a.available_points, s.available), ('pending', a.pending_points, s.pending),
        ('qualifying', a.qualifying_points, s.qualifying), ('postings', a.postings, s.postings),
        ('last_number', a.postings, s.last_number)
    ) as v (balance, on_account, by_postings)
    where v.on_account is distinct from coalesce(v.by_postings, 0)
$$
"""


def upgrade() -> None:
    schema.create(op)
    for statement in _TABLES.split(";\n"):
        op.execute(statement)
    op.execute(_ENTRIES)
    op.execute(_POINTS_BY_ORDER)
    op.execute(_WRONG_BALANCES)


def downgrade() -> None:
    op.execute("drop function wrong_balances()")
    op.execute("drop view points_by_order")
    op.execute("drop view entries")
    for table in ("redemptions", "goodwill", "postings", "order_points", "accounts"):
        op.execute(f"drop table {table}")
    schema.drop(op)
