"""`make trace`: one order through the whole house, and its trace as a picture, from the shop's word to the mail.

Starts a stack of its own with a collector beside it; owns what is said and the file. Must not know how spans are made.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from contracts.storefront import Contact, CustomerUpdated, OrderPlaced
from contracts.traces import place_of
from contracts.vocabulary import Channel, OrderLine
from deploy.local.collector import Collector, Seen
from deploy.local.ports import Ports
from deploy.local.stack import REPOSITORY, Stack
from deploy.local.waterfall import svg
from storefront.publisher import Publisher
from storefront.saying import Said, event_of
from tracing import Traces

PICTURE = REPOSITORY / "build" / "trace.svg"
PATIENCE_S = 60.0
WAKEFUL = "version: wakeful\nquiet_hours: {begins: 00:00, ends: 00:00}\n"
SOURCE = "/storefronts/demo"
LAST = "publish notifications.message-sent.v1"
MAILS = 2
"""The order is confirmed, and points are promised for it."""


def main() -> None:
    """Play, draw, end."""
    spans = traced(REPOSITORY / "build" / "trace", Ports.free())
    draw(spans, PICTURE)
    sys.stdout.write(f"{len(spans)} spans of {len({span.service for span in spans})} processes: {PICTURE}\n")


def draw(spans: list[Seen], to: Path) -> None:
    """Write the picture."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(svg(spans, f"One order, from the shop's word to the mail: trace {spans[0].trace_id}"))


def traced(folder: Path, ports: Ports) -> list[Seen]:
    """The spans of one order that was placed now."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder.with_suffix(".yaml")
    policy.write_text(WAKEFUL)
    with Collector() as collector:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "NOTIFIER_POLICY_FILE": str(policy)}
        with Stack(folder=folder, ports=ports, settings=settings) as stack:
            trace_id = asyncio.run(_say(stack, collector))
            with suppress(TimeoutError):
                _until(lambda: _sent(collector.trace(trace_id)) >= MAILS)
        return collector.trace(trace_id)


async def _say(stack: Stack, collector: Collector) -> str:
    """A customer, and then an order; the order's trace."""
    now, broker = datetime.now(UTC), stack.broker
    contact = Contact(channel=Channel.email, address="paula@example.org")
    traces = Traces(collector.endpoint, "storefront")
    async with Publisher(broker.bootstrap, SOURCE, idempotent=broker.idempotent_producer, traces=traces) as shop:
        await shop.publish(CustomerUpdated(customer_id="paula", occurred_at=now, contacts=(contact,)), said_at=now)
        await asyncio.to_thread(_until, lambda: any(s.service == "notifier" for s in collector.spans()))
        event = event_of(Said(_order(), datetime.now(UTC)), SOURCE)
        await shop.publish_events([event])
    return place_of(event.traceparent, event.correlation_id).trace_id


def _order() -> OrderPlaced:
    line = OrderLine(
        line_id="1", sku="LAMP", title="Lamp", quantity=1, unit_price_minor=25_00, paid_minor=25_00
    )  # fmt: skip
    return OrderPlaced(
        customer_id="paula", order_id="p1", placed_at=datetime.now(UTC), currency="EUR", lines=(line,),
        total_minor=25_00, pay_later=True,
    )  # fmt: skip


def _sent(spans: list[Seen]) -> int:
    return sum(span.name == LAST for span in spans)


def _until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > deadline_s:
            raise TimeoutError("no such span has come")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
