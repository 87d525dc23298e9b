"""What is said twice is the same event, and what no service could read is not said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from contracts import Fact
from contracts.orders import OrderCompleted
from contracts.storefront import CustomerErased, OrderPaid
from storefront import Said, Unsayable
from storefront.saying import event_of, record_of, time_reached_record

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAID = OrderPaid(customer_id="ada", order_id="R1", occurred_at=NOON, amount_minor=100)
SOURCE = "/storefronts/test"


def _id(fact: Fact = PAID, said_at: datetime = NOON, source: str = SOURCE) -> str:
    return event_of(Said(fact, said_at), source).id


def test_the_same_again_has_the_same_id() -> None:
    assert _id() == _id(replace(PAID))


def test_the_same_moment_in_another_zone_has_the_same_id() -> None:
    assert _id() == _id(said_at=datetime.fromisoformat("2026-03-02T13:00:00+01:00"))


@pytest.mark.parametrize(
    "other",
    [
        {"fact": replace(PAID, amount_minor=101)},
        {"fact": replace(PAID, order_id="R2")},
        {"said_at": NOON + timedelta(seconds=1)},
        {"source": "/storefronts/other"},
    ],
)
def test_anything_else_has_another_id(other: dict[str, Any]) -> None:
    assert _id() != _id(**other)


def test_a_storefront_s_own_id_is_kept() -> None:
    event = event_of(Said(PAID, NOON), SOURCE, "shop-4711")

    assert (event.id, event.correlation_id, event.subject) == ("shop-4711", "shop-4711", "R1")


@pytest.mark.parametrize(
    ("fact", "named"),
    [
        (replace(PAID, amount_minor=-1), "amount_minor"),
        (replace(PAID, customer_id=""), "customer_id"),
        (replace(PAID, occurred_at=NOON + timedelta(days=3)), "occurred_after_said"),
    ],
)
def test_what_breaks_its_contract_is_refused_by_name(fact: Fact, named: str) -> None:
    with pytest.raises(Unsayable, match=named):
        record_of(event_of(Said(fact, NOON), SOURCE))


def test_a_service_s_fact_is_not_a_storefront_s() -> None:
    completed = OrderCompleted(customer_id="ada", order_id="R1", occurred_at=NOON)

    with pytest.raises(Unsayable, match="OrderCompleted"):
        event_of(Said(completed, NOON), SOURCE)


def test_a_time_without_an_offset_is_refused() -> None:
    erased = CustomerErased(customer_id="ada", occurred_at=NOON)

    with pytest.raises(Unsayable, match="offset"):
        event_of(Said(erased, datetime(2026, 3, 2)), SOURCE)  # noqa: DTZ001 the mistake in question
    with pytest.raises(Unsayable, match="offset"):
        time_reached_record(datetime(2026, 3, 2), SOURCE, "storefront.orders", 0)  # noqa: DTZ001


def test_time_reached_is_another_event_on_every_partition() -> None:
    ids = {dict(time_reached_record(NOON, SOURCE, "storefront.orders", number).headers)["ce_id"] for number in range(6)}

    assert len(ids) == 6
