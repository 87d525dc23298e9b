"""What a customer's purchases add up to, with the orders that are known already.

Those are counted and nothing is said of them: milestones that they reached are remembered as reached, and the stage of
their customers is looked at with the next purchase.
"""

import os

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ORDER_MILESTONES = [5, 10, 25, 50, 100]

COUNT = """
    with placed as (
        select order_id, document,
               jsonb_path_query_first(
                   document, '$.entries[*] ? (@.type == "storefront.order-placed.v1").data') as placed,
               jsonb_path_query_array(document, '$.entries[*] ? (@.type == "storefront.order-changed.v1"
                                                 && @.data.total_minor != null).data.total_minor') as totals
        from timelines where document->'said' ? 'confirmed' and status <> 'cancelled'),
    purchases as (
        select order_id, jsonb_build_object(
                   'day', ((placed->>'placed_at')::timestamptz at time zone :shop_zone)::date,
                   'confirmed_at', document->'said'->'confirmed',
                   'currency', placed->'currency',
                   'total_minor', coalesce(totals->-1, placed->'total_minor'),
                   'refunded_minor', (
                       select coalesce(sum(amount::bigint), 0) from jsonb_path_query(
                           document, '$.entries[*] ? (@.type == "storefront.order-refunded.v1").data.amount_minor'
                       ) as refunds (amount))) as counted
        from placed)
    update timelines set document = timelines.document || jsonb_build_object('counted', counted)
    from purchases where purchases.order_id = timelines.order_id
"""
ADD_UP = """
    with counted as (
        select customer_id, document->'said'->>'confirmed' as at,
               counted->>'day' as day, counted->>'currency' as currency,
               (counted->>'total_minor')::bigint as total_minor, (counted->>'refunded_minor')::bigint as refunded_minor
        from (select customer_id, document, document->'counted' as counted from timelines) as orders
        where jsonb_typeof(counted) = 'object'),
    days as (
        select customer_id, jsonb_object_agg(day, orders) as orders_by_day, count(*) as frequency, min(at) as at
        from (select customer_id, day, count(*) as orders, min(at) as at
              from counted group by customer_id, day) as by_day
        group by customer_id),
    sums as (
        select customer_id, jsonb_object_agg(currency, value) as value
        from (select customer_id, currency, jsonb_build_object(
                         'confirmed_minor', sum(total_minor), 'refunded_minor', sum(refunded_minor)) as value
              from counted group by customer_id, currency) as by_currency
        group by customer_id)
    insert into patrons (customer_id, relationship)
    select customer_id, jsonb_build_object(
               'purchases', jsonb_build_object('orders_by_day', orders_by_day, 'value', value),
               'milestones', jsonb_build_object('first_order 1', at) || coalesce((
                   select jsonb_object_agg('nth_order ' || number, at)
                   from unnest(cast(:order_milestones as integer[])) as number where number <= frequency), '{}'))
    from days join sums using (customer_id)
    on conflict (customer_id) do update set relationship = excluded.relationship
"""


def upgrade() -> None:
    op.execute("alter table patrons add column relationship jsonb not null default '{}'")
    zone = os.environ.get("SHOP_ZONE", "Europe/Berlin")
    op.execute(text(COUNT).bindparams(shop_zone=zone))
    op.execute(text(ADD_UP).bindparams(order_milestones=ORDER_MILESTONES))


def downgrade() -> None:
    op.execute("update timelines set document = document - 'counted'")
    op.execute("alter table patrons drop column relationship")
