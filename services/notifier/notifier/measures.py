"""What the notifier measures about telling; names are part of the operators' interface (docs/reference/metrics.md)."""

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from chassis.items import Item
from chassis.outcomes import Outcome
from chassis.service import Tx
from contracts.notifications import MessageBounced, MessageFailed, MessageHeld, MessageSent, MessageSuppressed
from contracts.traces import place_of, span_of
from contracts.vocabulary import Channel
from notifier import store
from notifier.deliveries import Result
from notifier.mail import Answer
from notifier.messages import Message
from tracing import Kind, Span
from tracing.messages import Wants

_FROM_A_MOMENT_TO_DAYS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 600, 3_600, 14_400, 43_200, 86_400, 259_200)

messages_waiting = Gauge(
    "rapport_messages_waiting_for_facts", "Messages whose decision is overdue, by what it waits for", ["awaited"]
)
troubled_orders = Gauge(
    "rapport_troubled_orders", "Orders with an issue of the last 30 days, by whether customers were told", ["judged"]
)
tellings_failed = Counter("rapport_tellings_failed_by_the_clock_total", "Issues nobody could be told of in time")
telling_seconds = Histogram(
    "rapport_telling_seconds",
    "From what a storefront said, or a silence meant, to a provider's acceptance",
    ["kind"],
    buckets=_FROM_A_MOMENT_TO_DAYS_S,
)


messages = Counter("rapport_messages_total", "Messages by what became of them", ["kind", "channel", "outcome"])
ready_oldest_s = Gauge("rapport_messages_ready_oldest_seconds", "How long the oldest ready message waits", ["channel"])

_OUTCOMES: dict[type[Any], str] = {
    MessageSent: "sent",
    MessageHeld: "held",
    MessageSuppressed: "suppressed",
    MessageFailed: "failed",
    MessageBounced: "bounced",
}


def count(outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """What a committed transaction said of messages."""
    said: Iterator[Any] = (fact for _, outcome in outcomes for fact in outcome.facts if type(fact) in _OUTCOMES)
    for names, number in Tally((fact.kind, str(fact.channel), _OUTCOMES[type(fact)]) for fact in said).items():
        messages.labels(*names).inc(number)


async def measure(tx: Tx) -> None:
    """How long the oldest message that is ready waits, by channel; broadcasts have a pace of their own."""
    found = await store.ready_since(tx)
    for channel in Channel:
        ready_oldest_s.labels(str(channel)).set(found.get(str(channel), 0.0))


def told_of(message: Message, at: datetime) -> None:
    """A provider took `message`: by the kind of issue where it tells one, by its own kind otherwise."""
    kind = message.content.get("issue_kind", message.kind) if message.kind == "issue_opened" else message.kind
    telling_seconds.labels(kind).observe((at - message.intended_at).total_seconds())


def handing_over(message: Message, answer: Answer, command_id: str, wants: Wants, now_ns: int) -> Iterator[Span]:
    """The span of a provider's taking a message, which the report of it follows from; none where nobody looks."""
    trace_id, parent_id, sampled = place_of(message.traceparent, message.correlation_id)
    if sampled and wants(trace_id):
        yield Span(
            name=f"send {message.channel}",
            kind=Kind.client,
            trace_id=trace_id,
            span_id=span_of(command_id),
            parent_id=parent_id,
            start_ns=now_ns - int((answer.took_s or 0) * 1e9),
            end_ns=now_ns,
            attributes={
                "rapport.message_id": message.message_id,
                "rapport.kind": message.kind,
                "rapport.provider": answer.provider or "",
                "rapport.result": str(answer.result),
                "rapport.correlation_id": message.correlation_id,
            },
            failed=answer.result is not Result.accepted,
        )
