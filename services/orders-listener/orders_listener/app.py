"""Composition root: the only module that knows all the others."""

from datetime import date

from chassis.application import Application
from chassis.migrations import migrations_of
from chassis.service import Inlet, Service, Tx
from contracts import orders, storefront
from orders_listener import learning, measures
from orders_listener.calls import call_for_ever
from orders_listener.disruption_routes import disruption_routes
from orders_listener.exported import EXPORT
from orders_listener.folding import folding
from orders_listener.ingest import addressing, unmatched
from orders_listener.ingest.routes import ingest_routes
from orders_listener.policy import Policy
from orders_listener.routes import policy_routes, routes
from orders_listener.settings import OrdersListenerSettings

CONSUMES = (
    Inlet(
        storefront.ORDERS,
        (
            storefront.OrderPlaced,
            storefront.OrderChanged,
            storefront.PromiseChanged,
            storefront.OrderPaid,
            storefront.PaymentFailed,
            storefront.LineUnavailable,
            storefront.LineAvailable,
            storefront.LineSubstituted,
            storefront.OrderCancelled,
            storefront.OrderRefunded,
            storefront.ReturnRequested,
            storefront.ReturnReceived,
        ),
    ),
    Inlet(storefront.SHIPMENTS, (storefront.ShipmentCreated, storefront.ShipmentProgressed)),
    Inlet(storefront.CUSTOMERS, (storefront.ContactReceived, storefront.CustomerErased)),
)
PUBLISHES = (
    orders.OrderConfirmed,
    orders.OrderShipped,
    orders.OrderDelivered,
    orders.OrderCompleted,
    orders.OrderCancelled,
    orders.OrderRefunded,
    orders.IssueOpened,
    orders.IssueUpdated,
    orders.IssueResolved,
    orders.MilestoneReached,
    orders.SegmentChanged,
    orders.DelayAccepted,
    orders.CancellationRequested,
)


def service(policy: Policy) -> Service:
    """The orders-listener, as the chassis knows it."""
    return Service(
        name="orders-listener",
        consumes=CONSUMES,
        topic=orders.ORDERS,
        publishes=PUBLISHES,
        folding=folding(policy),
        migrations=migrations_of(__file__),
        export=EXPORT,
        close_day=close_day,
        also_says=(storefront.ORDERS, storefront.SHIPMENTS, storefront.CUSTOMERS),
        count=measures.count,
    )


async def close_day(tx: Tx, day: date) -> None:
    """What is done when a day is over."""
    await learning.close(tx, day)
    await addressing.forget(tx, day)


def application() -> Application:
    """The orders-listener with the settings of the environment."""
    settings = OrdersListenerSettings()
    policy = settings.policy()
    secrets = settings.ingest_secrets()
    return Application(
        service(policy),
        settings,
        routers=lambda runtime: [
            ingest_routes(runtime, secrets, settings.ingest_body_bytes),
            routes(runtime, policy),
            policy_routes(runtime, policy),
            disruption_routes(runtime),
        ],
        background=(call_for_ever, unmatched.run),
    )
