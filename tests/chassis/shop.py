"""What a small shop says, and the toy that listens to it."""

from typing import Any

from toy.app import application

from chassis.partitions import partition_of
from chassis.runtime import Runtime
from contracts import Event, TimeReached
from contracts.kafka import to_record
from contracts.storefront import ORDERS, SHIPMENTS, OrderPlaced, ShipmentProgressed, ShipmentStatus
from contracts.vocabulary import OrderLine
from deploy.local.broker import Broker
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.conftest import RuntimeOf
from tests.running import at, publish, rows


def placed(
    customer_id: str, order_id: str, hour: float = 10, *, title: str = "Socks", event_id: str = ""
) -> Event[Any]:
    """Somebody orders something."""
    line = OrderLine(line_id="1", sku="S", quantity=1, unit_price_minor=500, paid_minor=500, title=title)
    fact = OrderPlaced(
        customer_id=customer_id, order_id=order_id, placed_at=at(hour), currency="EUR", lines=(line,), total_minor=500
    )
    identity = event_id or f"placed-{order_id}"
    return Event(id=identity, source="/shop", time=at(hour), data=fact, subject=order_id, correlation_id=identity)


def lost(customer_id: str, order_id: str, hour: float) -> Event[Any]:
    """A parcel is lost."""
    fact = ShipmentProgressed(
        customer_id=customer_id, order_id=order_id, shipment_id="p", occurred_at=at(hour), status=ShipmentStatus.lost
    )
    identity = f"lost-{order_id}"
    return Event(id=identity, source="/shop", time=at(hour), data=fact, subject="p", correlation_id=identity)


async def toy(runtime_of: RuntimeOf, kafka: Broker, **settings: str) -> Runtime:
    """The toy on an empty database."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "KAFKA_IDEMPOTENT_PRODUCER": str(kafka.idempotent_producer),
        "KAFKA_SESSION_TIMEOUT_MS": str(session_timeout_ms(kafka)),
        "PARTITIONS": str(PARTITIONS),
    }
    return await runtime_of(application, **environment | settings)


async def time_reached(kafka: Broker, hour: float) -> None:
    """Both topics say on every partition that their time has come to `hour`."""
    said = []
    for topic in (ORDERS, SHIPMENTS):
        for partition in range(PARTITIONS):
            identity = f"{topic}-{partition}-{hour}"
            event = Event(
                id=identity, source="/shop", time=at(hour), data=TimeReached(at=at(hour)), correlation_id=identity
            )
            key = next(f"k{n}" for n in range(100) if partition_of(f"k{n}", PARTITIONS) == partition)
            record = to_record(event, topic=topic)
            said.append((topic, key, record.value, record.headers))
    await publish(kafka.bootstrap, *said)


async def whats(runtime: Runtime, customer_id: str) -> list[str]:
    """What was applied for a customer, in order."""
    found = await rows(runtime, "select what from effects where customer_id = :c order by effect_id", c=customer_id)
    return [row["what"] for row in found]
