"""Two weeks of a simulated shop through a real broker: the same log leaves the same timelines as the pure fold."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import text

from chassis.runtime import Runtime
from chassis.sequence import fold_sequence
from contracts import Event
from contracts.envelope import entry_of
from contracts.orders import ORDERS
from deploy.local.broker import Broker
from orders_listener.accounts import Account, Patron
from orders_listener.app import CONSUMES, application
from orders_listener.documents import from_document
from orders_listener.early_warning.mornings import Mornings
from orders_listener.folding import fold
from orders_listener.policy import DEFAULT
from orders_listener.timelines import Timeline
from storefront.play import play
from storefront.publisher import Publisher
from storefront.simulator import Shop
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.conftest import RuntimeOf
from tests.running import running, said_on, totals

SHOP = Shop(seed=11, weeks=2, orders_per_day=4)
STEP = timedelta(days=2)
HEARD = {fact for inlet in CONSUMES for fact in inlet.facts}


def purely_folded(until: datetime, mornings: Mornings) -> tuple[Mapping[str, Timeline], Counter[str]]:
    """Timelines by order and published facts by type, without broker and database; with the numbers of each morning."""

    heard = [said for said in SHOP.events() if type(said.fact) in HEARD]
    accounts = {
        said.fact.customer_id: Account(patron=Patron(customer_id=said.fact.customer_id), mornings=mornings)
        for said in heard
    }
    items: list[Event[Any]] = [
        Event(id=str(number), source="/s", time=said.said_at, data=said.fact, correlation_id=str(number))
        for number, said in enumerate(heard)
    ]
    folded = fold_sequence(partial(fold, DEFAULT), accounts, items, before=until)
    timelines = {key: timeline for a in folded.accounts.values() for key, timeline in a.timelines.items()}
    published = Counter(entry_of(type(fact)).type for _, outcome in folded.outcomes for fact in outcome.facts)
    return timelines, published


async def stored(runtime: Runtime) -> Mapping[str, Timeline]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select order_id, document::text as document from timelines"))
        return {row.order_id: from_document(row.document) for row in rows}


async def mornings_of(runtime: Runtime) -> Mornings:
    async with runtime.transaction() as tx:
        return Mornings(
            (day, document) for day, document in await tx.execute(text("select day, document::text from snapshots"))
        )


async def test_a_shop_through_kafka_leaves_the_same_timelines_as_the_pure_fold(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await runtime_of(
        application,
        KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap,
        KAFKA_IDEMPOTENT_PRODUCER=str(kafka.idempotent_producer),
        KAFKA_SESSION_TIMEOUT_MS=str(session_timeout_ms(kafka)),
        PARTITIONS=str(PARTITIONS),
        CLOCK="simulated",
    )
    boundaries: list[datetime] = []
    async with Publisher(kafka.bootstrap, idempotent=kafka.idempotent_producer) as publisher:
        await play(SHOP, publisher, step=STEP, progress=boundaries.append)
    async with running(runtime) as service:

        async def settled() -> bool:
            async with runtime.transaction() as tx:
                return bool(
                    await tx.scalar(
                        text("select count(*) > 0 and bool_and(coalesce(settled_at >= :end, false)) from positions"),
                        {"end": boundaries[-1]},
                    )
                )

        await service.until(settled)
        timelines, published = purely_folded(boundaries[-1], await mornings_of(runtime))
        records = await said_on(kafka.bootstrap, ORDERS, published.total())
    said = Counter(dict(record.headers)["ce_type"].decode() for record in records)
    del said["rapport.time-reached.v1"]
    assert (await totals(runtime))["parked"] == 0
    assert await stored(runtime) == timelines
    assert said == published
