"""Says a customer and an order as a shop would, for a first look. Run it where the orders-listener runs:

    kubectl --namespace rapport exec -i deploy/orders-listener-api -- python - < first-order.py

It is that service's Kafka user who speaks: it may write what shops say. Every run is another order of Ada's.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from contracts.storefront import Contact, CustomerUpdated, OrderPlaced
from contracts.vocabulary import Channel, OrderLine
from orders_listener.settings import OrdersListenerSettings
from storefront.publisher import Publisher

NOON = 12


async def main() -> None:
    """Both facts; prints the order's id when all replicas have them."""
    now = datetime.now(UTC)
    order_id = f"first-{now:%H%M%S}"
    line = OrderLine(line_id="1", sku="lamp", title="A lamp", quantity=1, unit_price_minor=4990, paid_minor=4990)
    facts = (
        CustomerUpdated(
            customer_id="ada", occurred_at=now, given_name="Ada", zone=where_it_is_noon(now),
            contacts=(Contact(channel=Channel.email, address="ada@example.org"),),
        ),
        OrderPlaced(
            customer_id="ada", order_id=order_id, placed_at=now, currency="EUR", lines=(line,), total_minor=4990,
            pay_later=True, promised_by=(now + timedelta(days=2)).date().isoformat(),
        ),
    )  # fmt: skip
    settings = OrdersListenerSettings()
    async with Publisher(
        settings.kafka_bootstrap_servers, "/storefronts/first-look", connection=settings.connection,
        idempotent=settings.kafka_idempotent_producer,
    ) as shop:  # fmt: skip
        await shop.publish_all((fact, now) for fact in facts)
    print(order_id)  # noqa: T201 what the reader looks for next


def where_it_is_noon(now: datetime) -> str:
    """Ada lives there: a mail would otherwise wait for her morning."""
    east = (NOON - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-east:+d}"  # POSIX's sign: west is plus


asyncio.run(main())
