"""What the notifier measures about telling; names are part of the operators' interface (docs/reference/metrics.md)."""

from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from notifier.messages import Message

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


def told_of(message: Message, at: datetime) -> None:
    """A provider took `message`: by the kind of issue where it tells one, by its own kind otherwise."""
    kind = message.content.get("issue_kind", message.kind) if message.kind == "issue_opened" else message.kind
    telling_seconds.labels(kind).observe((at - message.intended_at).total_seconds())
