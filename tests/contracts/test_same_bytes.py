"""The same fact is always the same bytes: its readers would park a repetition that is not."""

from datetime import UTC, datetime

from contracts import Event
from contracts.kafka import to_record
from contracts.orders import IssueOpened
from contracts.vocabulary import IssueKind, Severity

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _value(evidence: dict[str, str]) -> bytes | None:
    fact = IssueOpened(
        customer_id="ada",
        issue_id="i1",
        order_id="o1",
        kind=IssueKind.delivery_late,
        severity=Severity.serious,
        opened_at=AT,
        known="It is late.",
        evidence=evidence,
    )
    return to_record(Event(id="e1", source="/rapport/orders-listener", time=AT, data=fact, correlation_id="c1")).value


def test_a_map_has_the_same_bytes_in_whatever_order_it_was_kept() -> None:
    assert _value({"promised": "today", "last": "never"}) == _value({"last": "never", "promised": "today"})
