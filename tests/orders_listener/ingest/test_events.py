"""From sayings to events: ids and bytes that a redelivery repeats, and nothing that a service could not read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import Fact
from contracts.golden import Example, examples
from contracts.kafka import from_record, to_record
from contracts.storefront import CustomerUpdated, OrderPaid, ShipmentProgressed
from orders_listener.ingest.cloudevents import STOREFRONT
from orders_listener.ingest.events import Unsayable, Waiting, checked, event_kept, record_said, waiting_of
from orders_listener.ingest.hooks import Hook, Of, OfCustomer, OfOrder, OfParcel, Saying
from storefront.saying import record_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOOK = Hook("tracker.updated", "evt_1", "/easypost", b"{}", NOW)
IDS = {"customer_id": "ada", "order_id": "o-1", "shipment_id": "p-1"}
PARCEL = OfParcel("usps", "9400")


def scan(of: Of = PARCEL, **fields: Any) -> Saying:
    return Saying(of, ShipmentProgressed, {"occurred_at": NOW, "status": "in_transit", **fields})


def test_a_hook_gives_its_name_to_what_it_says() -> None:
    ids = [dict(record_said(HOOK, number, scan(), IDS).headers)["ce_id"] for number in range(3)]
    assert ids == [b"tracker.updated:evt_1", b"tracker.updated:evt_1:1", b"tracker.updated:evt_1:2"]


def test_a_name_too_long_for_an_id_is_the_same_each_time_all_the_same() -> None:
    hook = HOOK._replace(key="k" * 300)
    first, again, other = (
        dict(record_said(one, 0, scan(), IDS).headers)["ce_id"]
        for one in (hook, hook._replace(received_at=NOW + timedelta(days=1)), hook._replace(key="k" * 301))
    )
    assert first == again != other


def test_a_redelivery_is_the_same_bytes_a_day_later() -> None:
    late = HOOK._replace(received_at=NOW + timedelta(days=1))
    first, again = record_said(HOOK, 0, scan(), IDS), record_said(late, 0, scan(), IDS)
    assert (first.key, first.value) == (again.key, again.value)
    assert dict(first.headers)["ce_id"] == dict(again.headers)["ce_id"]


@pytest.mark.parametrize(
    "saying",
    [
        scan(place="Köln", reason=None, estimated_delivery_at="2026-03-04"),
        scan(occurred_at="2026-03-02T10:00:00.125+01:00"),
        scan(OfOrder("o-1"), order_id="o-1", shipment_id="p-1"),
        Saying(OfOrder("o-1"), OrderPaid, {"order_id": "o-1", "occurred_at": NOW, "amount_minor": 0}),
        scan(OfOrder("o-1"), order_id="o-1", shipment_id="p-1")._replace(past=True),
    ],
)
def test_what_waited_is_said_as_if_it_had_been_known_at_once(saying: Saying) -> None:
    ids = IDS if isinstance(saying.of, OfParcel) else {"customer_id": "ada", "order_id": "o-1"}
    kept = waiting_of(HOOK, 1, saying)
    assert kept is not None
    assert "ada" not in kept.data
    row = Row(kept, HOOK.received_at)
    assert to_record(event_kept(row, ids)) == record_said(HOOK, 1, saying, ids)


class Row:
    """As the database gives it."""

    def __init__(self, kept: Waiting, received_at: datetime) -> None:
        self.event_id, self.source, self.type, self.data = kept.event_id, kept.source, kept.type, kept.data
        self.correlation_id, self.received_at = kept.correlation_id, received_at


def test_names_and_addresses_never_wait() -> None:
    contact = {"channel": "email", "address": "ada@example.com"}
    assert (
        waiting_of(HOOK, 0, Saying(OfOrder("o-1"), CustomerUpdated, {"occurred_at": NOW, "contacts": [contact]}))
        is None
    )


BROKEN: list[dict[str, Any]] = [
    {"status": "teleported"},
    {"status": None},
    {"occurred_at": None},
    {"occurred_at": "yesterday"},
    {"occurred_at": datetime(2026, 3, 2)},  # noqa: DTZ001 what is refused
    {"occurred_at": NOW + timedelta(days=2)},
    {"occurred_at": datetime(1999, 1, 1, tzinfo=UTC)},
    {"estimated_delivery_at": "soon, perhaps"},
    {"estimated_delivery_at": "2026-02-31"},
    {"place": "x" * 501},
    {"place": "a\x00b"},
    {"place": 17},
]


@pytest.mark.parametrize("fields", BROKEN, ids=str)
@pytest.mark.parametrize("waits", [False, True])
def test_a_fact_that_breaks_its_contract_is_refused_before_it_is_said_or_kept(
    fields: dict[str, Any], *, waits: bool
) -> None:
    with pytest.raises(Unsayable) as refused:
        waiting_of(HOOK, 0, scan(**fields)) if waits else record_said(HOOK, 0, scan(**fields), IDS)
    named = next(iter(fields))
    assert str(refused.value).startswith("storefront.shipment-progressed.v1: ")
    assert named in str(refused.value) or "U+0000" in str(refused.value)
    assert "teleported" not in str(refused.value)


def test_a_customers_id_that_none_could_be_is_refused() -> None:
    with pytest.raises(Unsayable, match="customer_id"):
        record_said(HOOK, 0, scan(OfCustomer("a b")), IDS | {"customer_id": "a b"})


GOLDEN = [example for example in examples() if example.type in STOREFRONT]


@pytest.mark.parametrize("example", GOLDEN, ids=[example.name for example in GOLDEN])
def test_what_passes_here_is_what_passes_when_it_is_read_again(example: Example) -> None:
    event = from_record(*example.record[1:], wanted=STOREFRONT)
    assert event is not None
    assert isinstance(event.data, Fact)
    assert checked(event) == record_of(event)
