"""The composition root of the notifier: the only module that knows everything."""

import sys
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from chassis.application import Application
from chassis.migrations import migrations_of
from chassis.runtime import Runtime
from chassis.service import Inlet, Service
from contracts.feedback import FEEDBACK, SurveyDue
from contracts.loyalty import LOYALTY, GoodwillGranted, PointsEarned, PointsVested, TierLost, TierReached
from contracts.notifications import (
    NOTIFICATIONS,
    MessageBounced,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSuppressed,
    PreferenceChanged,
    TellingFailed,
)
from contracts.orders import (
    ORDERS,
    IssueOpened,
    IssueResolved,
    IssueUpdated,
    MilestoneReached,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
    OrderShipped,
)
from contracts.storefront import CUSTOMERS, ConsentChanged, ContactReceived, CustomerErased, CustomerUpdated
from contracts.vocabulary import Channel
from notifier import measures, person_routes, pseudonyms
from notifier.broadcast_pages import broadcast_pages
from notifier.broadcast_routes import broadcast_routes
from notifier.catalogue import WordsRefused
from notifier.courier import Courier
from notifier.custody import keep_keys
from notifier.destinations import networks
from notifier.exported import EXPORT
from notifier.folding import folding
from notifier.inbound.listener import listen
from notifier.inbound.routes import hook_routes
from notifier.letters import Letters
from notifier.mail import Answer
from notifier.outgoing import Parcel
from notifier.pages import page
from notifier.policy import Policy
from notifier.preview_routes import preview
from notifier.provider_routes import provider_routes
from notifier.providers.outlets import Outlets
from notifier.question_page import question_page
from notifier.recollection import look_back
from notifier.routes import routes
from notifier.safes import ParkedSafe
from notifier.seals import seal_of
from notifier.sender import Sender
from notifier.settings import NotifierSettings
from notifier.suppression_routes import suppression_routes
from notifier.vaults import Vault
from notifier.vigil import keep_vigil
from notifier.webhook_routes import webhook_routes
from notifier.wish_routes import wish_routes
from notifier.words import words_of

CONSUMES = (
    Inlet(CUSTOMERS, (CustomerUpdated, ConsentChanged, ContactReceived, CustomerErased)),
    Inlet(
        ORDERS,
        (
            OrderConfirmed,
            OrderShipped,
            OrderDelivered,
            OrderCancelled,
            OrderRefunded,
            IssueOpened,
            IssueUpdated,
            IssueResolved,
            MilestoneReached,
        ),
    ),
    Inlet(FEEDBACK, (SurveyDue,)),
    Inlet(LOYALTY, (PointsEarned, PointsVested, GoodwillGranted, TierReached, TierLost)),
)
PUBLISHES = (
    MessageSent,
    MessageHeld,
    MessageSuppressed,
    MessageFailed,
    MessageBounced,
    TellingFailed,
    PreferenceChanged,
)


def service(policy: Policy, vault: Vault) -> Service:
    """The notifier of a shop with these manners and these keys."""
    return Service(
        name="notifier",
        consumes=CONSUMES,
        topic=NOTIFICATIONS,
        publishes=PUBLISHES,
        folding=folding(policy, vault),
        migrations=migrations_of(__file__),
        export=EXPORT,
        safe=ParkedSafe(vault),
        also_says=(CUSTOMERS,),
        looks_back=True,
        count=measures.count,
    )


def application() -> Application:
    """Read from the environment, and composed."""
    settings = NotifierSettings()
    vault = settings.vault
    pseudonyms.use(settings.pseudonyms)
    try:
        policy = replace(settings.policy(), tongues=words_of(settings.shop()).tongues)
    except WordsRefused as refused:
        sys.exit(f"the words are refused\n{refused}")
    seal_of(settings)  # a key file that is wrong stops the start, not the first mail

    async def send(runtime: Runtime) -> None:
        await look_back(runtime)
        await Sender(runtime, settings).run()

    async def guard(runtime: Runtime) -> None:
        await keep_keys(runtime, vault)

    async def hear(runtime: Runtime) -> None:
        await listen(runtime, settings)

    async def deliver(runtime: Runtime) -> None:
        await Courier(runtime, settings).run()

    return Application(
        service=service(policy, vault),
        settings=settings,
        routers=lambda runtime: [
            routes(runtime, policy, vault),
            wish_routes(runtime, settings.sender_address.rpartition("@")[2]),
            broadcast_routes(runtime, settings.broadcast_per_second),
            broadcast_pages(runtime, settings.shop_name, settings.broadcast_per_second),
            webhook_routes(runtime, networks(settings.webhook_networks)),
            person_routes.routes(runtime, vault),
            provider_routes(),
            suppression_routes(runtime),
            hook_routes(runtime, settings),
            page(runtime, settings.shop_name, vault, policy.reachable),
            question_page(runtime, settings.shop_name, vault, policy.reachable),
            preview(Letters(settings.shop()), _sends(settings)),
        ],
        background=(guard, send, hear, deliver, lambda runtime: keep_vigil(runtime, policy, vault)),
        shop_name=settings.shop_name,
        gauges=(measures.measure,),
    )


def _sends(settings: NotifierSettings) -> Callable[[str, bytes], Awaitable[Answer]]:
    """The way out for mails that only try words."""
    outlets = Outlets(settings.providers(), seal_of(settings))

    async def send(to: str, mail: bytes) -> Answer:
        email, back = Channel.email, settings.sender_address
        return await outlets.send(Parcel(message_id="test", channel=email, address=to, mail=mail, return_path=back))

    return send
