"""What a service measures about itself; names are part of the operators' interface (docs/reference/metrics.md)."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from chassis.items import Item
from chassis.outcomes import Outcome
from contracts.envelope import entry_of

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

records = Counter("rapport_records_total", "Records by what became of them", ["partition", "fate"])
consumed = Counter("rapport_records_consumed_total", "Records taken from Kafka", ["partition"])
parked = Counter("rapport_parked_total", "Records parked, by reason", ["reason"])
facts = Counter("rapport_facts_total", "Facts put into the outbox, by type", ["type"])
decisions = Counter("rapport_decisions_total", "Decisions written, by rule and outcome", ["rule", "outcome"])
deadlines_fired = Counter("rapport_deadlines_fired_total", "Deadlines folded")
batch_seconds = Histogram("rapport_batch_seconds", "Time of a batch's transaction", buckets=_SECONDS)
batch_records = Histogram("rapport_batch_records", "Records in a batch", buckets=(0, 1, 10, 50, 100, 250, 500, 1_000))
retries = Counter("rapport_batch_retries_total", "Batches tried again, by cause", ["cause"])
positions_moved = Counter("rapport_positions_moved_total", "Batches given up because another worker was faster")
position_hints_failed = Counter("rapport_position_hints_failed_total", "Commits to Kafka that failed (harmless)")
consumer_rebuilds = Counter("rapport_consumer_rebuilds_total", "Consumers built anew after they stood still")
misplaced_keys = Counter("rapport_misplaced_keys_total", "Records in another partition than their key's murmur2")
halted = Gauge("rapport_partitions_halted", "Partitions stopped because many events fail in the same way")
published = Counter("rapport_relay_published_total", "Outbox rows that Kafka has acknowledged")
relay_failures = Counter("rapport_relay_failures_total", "Relay rounds that failed and will be tried again")
outbox_rows = Gauge("rapport_outbox_rows", "Rows that were not published, up to 10,000")
outbox_oldest_s = Gauge("rapport_outbox_oldest_seconds", "Age of the oldest row that was not published")
blocked_customers = Gauge("rapport_blocked_customers", "Customers whose events and deadlines wait")
blocked_oldest_s = Gauge("rapport_blocked_oldest_seconds", "Since when the longest blocked customer waits")
parked_waiting = Gauge("rapport_parked_waiting", "Records that are parked now")
parked_oldest_s = Gauge("rapport_parked_oldest_seconds", "Age of the oldest record that is parked now")
deadlines_due = Gauge("rapport_deadlines_due", "Deadlines that are due and not folded, up to 10,000 of a partition")
deadlines_oldest_s = Gauge("rapport_deadlines_oldest_seconds", "How long the oldest deadline has been due")
gauges_read_at_s = Gauge("rapport_gauges_read_timestamp_seconds", "When the database was last asked for these")
position = Gauge("rapport_position", "The stored next offset", ["topic", "partition"])
lag_records = Gauge("rapport_lag_records", "Records not yet folded", ["topic", "partition"])
lag_seconds = Gauge("rapport_lag_seconds", "Age of the oldest record not yet folded", ["topic", "partition"])
kafka_silence_s = Gauge("rapport_kafka_silence_seconds", "For how long a partition's fetches were not answered")
ready = Gauge("rapport_ready", "1 where the readiness probe says 200")
loop_lag_seconds = Histogram(
    "rapport_loop_lag_seconds", "How much later than asked for a task gets its turn", buckets=_SECONDS
)
connections_in_use = Gauge("rapport_database_connections_in_use", "Connections that somebody works with")
connections_most = Gauge("rapport_database_connections_most", "Connections that there may be")
hooks = Counter("rapport_hooks_total", "Hooks by provider and what became of them", ["provider", "fate", "reason"])
hook_seconds = Histogram("rapport_hook_seconds", "From a hook's head to the answer", ["provider"], buckets=_SECONDS)
mails_in = Counter("rapport_mails_in_total", "What came back of mails, by who says so and what it was", ["via", "what"])
hooks_unmatched = Counter("rapport_hooks_unmatched_total", "Facts of hooks that nobody could address", ["fate"])
months_until_s = Gauge("rapport_months_until_seconds", "Unix time of the end of the newest month that all tables have")
housekeeping_failures = Counter("rapport_housekeeping_failures_total", "Rounds of keeping house that failed")
spans = Counter("rapport_spans_total", "Spans that left for the collector, or did not", ["fate"])


def count(outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """What a committed transaction said and decided."""
    for fact, number in Tally([type(fact) for _, outcome in outcomes for fact in outcome.facts]).items():
        facts.labels(entry_of(fact).type).inc(number)
    made = Tally([(made.rule, made.outcome) for _, outcome in outcomes for made in outcome.decisions])
    for names, number in made.items():
        decisions.labels(*names).inc(number)
