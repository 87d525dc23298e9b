"""The orders-listener with its edge open: on a database and a broker of its own, under secrets that tests know."""

import httpx
import pytest

from chassis.runtime import Runtime
from deploy.local.broker import Broker
from orders_listener.app import application
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.conftest import ClientOf, RuntimeOf
from tests.orders_listener.ingest.hooks import EASYPOST_SECRETS, SHOP_SECRET, SHOPIFY_SECRET

SECRETS = {
    "ORDERS_LISTENER_INGEST_CLOUDEVENTS_SECRETS": SHOP_SECRET,
    "ORDERS_LISTENER_INGEST_EASYPOST_SECRETS": ",".join(EASYPOST_SECRETS),
    "ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS": SHOPIFY_SECRET,
    "ORDERS_LISTENER_INGEST_BODY_BYTES": "65536",
}


@pytest.fixture
async def edge(runtime_of: RuntimeOf, kafka: Broker) -> Runtime:
    return await runtime_of(
        application,
        KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap,
        KAFKA_IDEMPOTENT_PRODUCER=str(kafka.idempotent_producer),
        KAFKA_SESSION_TIMEOUT_MS=str(session_timeout_ms(kafka)),
        PARTITIONS=str(PARTITIONS),
        **SECRETS,
    )


@pytest.fixture
async def shop(client_of: ClientOf, edge: Runtime) -> httpx.AsyncClient:
    """Whoever posts to the edge."""
    return await client_of(edge)
