"""Composition root: the only module that knows all the others."""

from chassis.application import Application
from chassis.migrations import migrations_of
from chassis.service import Inlet, Service
from contracts.feedback import FEEDBACK, GoodwillRequested
from contracts.loyalty import (
    LOYALTY,
    GoodwillGranted,
    GoodwillRefused,
    PointsClawedBack,
    PointsEarned,
    PointsSpent,
    PointsVested,
    TierLost,
    TierReached,
)
from contracts.orders import (
    ORDERS,
    IssueOpened,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
)
from contracts.storefront import CUSTOMERS, CustomerErased
from loyalty.exported import EXPORT
from loyalty.folding import folding
from loyalty.programme import Programme
from loyalty.routes import routes
from loyalty.settings import LoyaltySettings

CONSUMES = (
    Inlet(ORDERS, (OrderConfirmed, OrderCompleted, OrderCancelled, OrderRefunded, OrderDelivered, IssueOpened)),
    Inlet(FEEDBACK, (GoodwillRequested,)),
    Inlet(CUSTOMERS, (CustomerErased,)),
)
PUBLISHES = (
    PointsEarned, PointsVested, PointsClawedBack, PointsSpent, GoodwillGranted, GoodwillRefused, TierReached, TierLost,
)  # fmt: skip


def service(programme: Programme) -> Service:
    """Loyalty, as the chassis knows it."""
    return Service(
        name="loyalty",
        consumes=CONSUMES,
        topic=LOYALTY,
        publishes=PUBLISHES,
        folding=folding(programme),
        migrations=migrations_of(__file__),
        export=EXPORT,
    )


def application() -> Application:
    """Loyalty with the settings of the environment."""
    settings = LoyaltySettings()
    programme = settings.programme()
    return Application(service(programme), settings, routers=lambda runtime: [routes(runtime, programme)])
