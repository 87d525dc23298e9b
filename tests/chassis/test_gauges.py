"""What waits has an age, and the age is asked for beside the work: in one statement each, never at a scrape."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from toy.app import application

from chassis import gauges
from chassis.lag import Lags
from chassis.lane import Lane
from chassis.positions import Position
from chassis.reading import Entry, RawRecord
from chassis.runtime import Runtime
from chassis.service import Inlet
from chassis.settings import ClockKind
from tests.conftest import RuntimeOf

TOPIC = "storefront.orders"

WAITING = """
insert into outbox (topic, partition, value, headers, created_at)
values ('t', 0, '', '[]', now() - interval '1 hour'), ('t', 0, '', '[]', now());
insert into customers (customer_id, blocked_at) values ('ada', now() - interval '2 hours'), ('bob', null);
insert into parked_events (topic, partition, "offset", timestamp_ms, headers, reason, detail, parked_at)
values ('t', 0, 1, 0, '', 'r', '', now() - interval '3 hours');
insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id)
values ('bob', 'k', 's', 0, now() - interval '4 hours', 'x', 'x'),
       ('ada', 'k', 's', 0, now() - interval '9 hours', 'x', 'x'),
       ('bob', 'k', 't', 0, now() + interval '1 hour', 'x', 'x')
"""


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
async def idle(runtime_of: RuntimeOf) -> Runtime:
    """A service at which nobody works."""
    return await runtime_of(application)


@pytest.fixture
async def waiting(idle: Runtime) -> Runtime:
    """A service in whose database something of each kind has waited for an hour."""
    async with idle.transaction() as tx:
        for statement in filter(str.strip, WAITING.split(";")):
            await tx.execute(text(statement))
    return idle


async def test_ages_are_read_from_the_database(waiting: Runtime) -> None:
    await gauges.measure(waiting)
    expected = {
        "rapport_outbox_rows": 2, "rapport_outbox_oldest_seconds": 3_600,
        "rapport_blocked_customers": 1, "rapport_blocked_oldest_seconds": 7_200,
        "rapport_parked_waiting": 1, "rapport_parked_oldest_seconds": 10_800,
        "rapport_deadlines_due": 1,  # a blocked customer's wait for something else
        "rapport_deadlines_oldest_seconds": 14_400,
    }  # fmt: skip
    assert {name: value(name) for name in expected} == pytest.approx(expected, abs=60)
    assert value("rapport_deadlines_due") == value("rapport_blocked_customers") == 1


async def test_an_empty_house_has_no_ages(idle: Runtime) -> None:
    await gauges.measure(idle)
    for name in ("outbox", "blocked", "parked", "deadlines"):
        assert value(f"rapport_{name}_oldest_seconds") == 0


async def test_asking_for_the_blocked_looks_at_no_other_customer(idle: Runtime) -> None:
    async with idle.transaction() as tx:
        await tx.execute(text("set local enable_seqscan = off"))
        plan = await tx.execute(text(f"explain {gauges._BLOCKED.text}"))
        assert "customers_blocked" in str(plan.all())


def entry(offset: int, age_s: float) -> Entry:
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    return Entry(RawRecord(TOPIC, 1, offset, int(at.timestamp() * 1000), None, b"", ()))


def test_a_partition_is_as_far_behind_as_its_oldest_record_is_old() -> None:
    lane = Lane(1, [Inlet(TOPIC, ())], {TOPIC: Position(5)}, ClockKind.real)
    ends: Mapping[str, int] = {TOPIC: 8}
    lags = Lags()

    def look(owned: set[int], lanes: dict[int, Lane]) -> list[float | None]:
        lags.look(owned, lanes, lambda topic, _: (0, ends[topic]))
        names = ("rapport_position", "rapport_lag_records", "rapport_lag_seconds")
        return [value(name, topic=TOPIC, partition="1") for name in names]

    lane.receive([entry(5, 100), entry(6, 50), entry(7, 20)])
    behind = pytest.approx([5, 3, 100], abs=5)
    assert look({1}, {1: lane}) == behind
    assert look({1}, {}) == behind, "halted, or the database is away: it waits on"
    lane.topics[TOPIC].waiting.clear()
    lane.topics[TOPIC].next_offset = 8
    assert look({1}, {1: lane}) == [8, 0, 0]
    assert look(set(), {}) == [None, None, None], "another process owns it now"
