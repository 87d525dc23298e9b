"""Composition root: the only module that knows everything."""

from chassis.application import Application
from chassis.migrations import migrations_of
from chassis.service import Inlet, Service
from contracts import feedback as said
from contracts import loyalty, notifications, orders, storefront
from feedback import measures
from feedback.exported import EXPORT
from feedback.folding import folding
from feedback.pages import page
from feedback.policy import Policy
from feedback.routes import api
from feedback.settings import FeedbackSettings

CONSUMES = (
    Inlet(
        orders.ORDERS,
        (
            orders.OrderConfirmed,
            orders.OrderDelivered,
            orders.OrderCancelled,
            orders.OrderRefunded,
            orders.IssueOpened,
            orders.IssueResolved,
        ),
    ),
    Inlet(storefront.CUSTOMERS, (storefront.ContactReceived, storefront.CustomerErased)),
    Inlet(loyalty.LOYALTY, (loyalty.GoodwillGranted, loyalty.GoodwillRefused), carries_time=False),
    Inlet(notifications.NOTIFICATIONS, (notifications.MessageSent, notifications.TellingFailed), carries_time=False),
)
PUBLISHES = (
    said.SurveyDue,
    said.ResponseReceived,
    said.CaseOpened,
    said.CaseEscalated,
    said.CaseResolved,
    said.GoodwillRequested,
)


def application() -> Application:
    """Reads the settings and puts the service together."""
    settings = FeedbackSettings()
    policy = settings.policy()
    return Application(
        service=_service(policy),
        settings=settings,
        routers=lambda runtime: (api(runtime, policy), page(runtime, settings.shop_name)),
        shop_name=settings.shop_name,
        gauges=(measures.measure,),
    )


def _service(policy: Policy) -> Service:
    return Service(
        name="feedback",
        consumes=CONSUMES,
        topic=said.FEEDBACK,
        publishes=PUBLISHES,
        folding=folding(policy),
        migrations=migrations_of(__file__),
        export=EXPORT,
    )
