"""What fulfillments, their events, refunds and returns on Shopify become."""

from typing import Any

import pytest

from contracts.storefront import (
    OrderRefunded,
    ReturnReason,
    ReturnReceived,
    ReturnRequested,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)
from orders_listener.ingest.hooks import BadHook, Ignored
from orders_listener.ingest.shopify import heard
from orders_listener.ingest.shopify.fulfillments import STATUSES
from tests.orders_listener.ingest.shopify_shop import (
    MUG,
    ORDER_ID,
    PARCEL,
    SHIRT,
    fulfillment,
    item,
    money,
    refund,
    refund_line,
    returning,
    scan,
    transaction,
)
from tests.orders_listener.ingest.telling import RECEIVED, facts_of, hook
from tests.orders_listener.shop import F

AT = "2026-03-04T08:00:00+01:00"


def only(topic: str, body: dict[str, Any], kind: type[F]) -> F:
    [fact] = facts_of(heard(hook(topic, body)))
    assert isinstance(fact, kind)
    return fact


# --- parcels ---


def test_a_fulfillment_is_a_parcel_with_its_lines_and_its_number() -> None:
    parcel = only("fulfillments/create", fulfillment(item(quantity=2), item(MUG)), ShipmentCreated)
    assert (parcel.order_id, parcel.shipment_id) == (str(ORDER_ID), str(PARCEL))
    assert [(line.line_id, line.quantity) for line in parcel.lines] == [(str(SHIRT), 2), (str(MUG), 1)]
    assert (parcel.carrier, parcel.tracking_number) == ("dhl", "JD0001")


@pytest.mark.parametrize(
    ("tracking", "carrier", "number"),
    [
        ({"tracking_company": None, "tracking_number": None, "tracking_numbers": []}, None, None),
        ({"tracking_company": "Other", "tracking_number": "", "tracking_numbers": None}, None, None),
        ({"tracking_number": None, "tracking_numbers": [None, "", "B2", "C3"]}, "dhl", "B2"),
        ({"tracking_number": 123456789012, "tracking_numbers": []}, "dhl", "123456789012"),
    ],
)
def test_of_several_numbers_the_first_is_taken_and_none_is_none(
    tracking: dict[str, Any], carrier: str | None, number: str | None
) -> None:
    parcel = only("fulfillments/update", fulfillment(**tracking), ShipmentCreated)
    assert (parcel.carrier, parcel.tracking_number) == (carrier, number)


def test_a_fulfillment_without_lines_is_not_said_to_hold_everything() -> None:
    assert heard(hook("fulfillments/create", fulfillment(line_items=[]))) == Ignored("nothing_in_it")
    assert heard(hook("fulfillments/create", fulfillment(item(quantity=0)))) == Ignored("nothing_in_it")


def test_a_gift_card_arrives_by_being_fulfilled() -> None:
    card = item(8, gift_card=True, requires_shipping=False)
    facts = facts_of(heard(hook("fulfillments/create", fulfillment(card, tracking_number=None))))
    assert [type(fact) for fact in facts] == [ShipmentCreated, ShipmentProgressed]
    both = facts_of(heard(hook("fulfillments/create", fulfillment(card, item()))))
    assert [type(fact) for fact in both] == [ShipmentCreated]


def test_a_parcel_that_is_delivered_is_so_without_its_events() -> None:
    """Any other `shipment_status` is left to the events: a repeated one would look like a new scan."""
    body = fulfillment(shipment_status="delivered", updated_at="2026-03-06T15:00:00+01:00")
    delivered = facts_of(heard(hook("fulfillments/update", body)))[-1]
    assert isinstance(delivered, ShipmentProgressed)
    assert delivered.occurred_at.isoformat() == "2026-03-06T14:00:00+00:00"
    assert len(facts_of(heard(hook("fulfillments/update", fulfillment(shipment_status="in_transit"))))) == 1


@pytest.mark.parametrize(("status", "ours"), STATUSES.items())
def test_every_status_of_an_event_has_our_word(status: str, ours: ShipmentStatus) -> None:
    for written in (status, status.upper()):
        found = only("fulfillment_events/create", scan(written, AT), ShipmentProgressed)
        assert (found.status, found.shipment_id) == (ours, str(PARCEL))
        assert found.occurred_at.isoformat() == "2026-03-04T07:00:00+00:00"


def test_an_unknown_status_is_counted_and_nobody_is_alarmed() -> None:
    for status in ("teleported", "", None):
        assert heard(hook("fulfillment_events/create", scan(str(status), AT))) == Ignored("status_unknown")


def test_a_scan_says_where_and_never_at_whose_door() -> None:
    found = only("fulfillment_events/create", scan("delivered", AT), ShipmentProgressed)
    assert (found.place, found.reason) == ("München, DE", None)
    late = only("fulfillment_events/create", scan("delayed", AT, message="Snow"), ShipmentProgressed)
    assert late.reason == "Snow"


@pytest.mark.parametrize(
    ("written", "promise"),
    [("2026-03-06", "2026-03-06"), ("2026-03-06T18:00:00-05:00", "2026-03-06T23:00:00Z"), (None, None), ("soon", None)],
)
def test_an_estimate_of_the_carrier_is_passed_on(written: str | None, promise: str | None) -> None:
    body = scan("in_transit", AT, estimated_delivery_at=written)
    assert only("fulfillment_events/create", body, ShipmentProgressed).estimated_delivery_at == promise


def test_a_scan_without_its_own_moment_happened_when_it_was_written_down() -> None:
    body = scan("in_transit", AT) | {"happened_at": None, "created_at": "2026-03-04T09:00:00Z"}
    found = only("fulfillment_events/create", body, ShipmentProgressed)
    assert found.occurred_at.isoformat() == "2026-03-04T09:00:00+00:00"
    with pytest.raises(BadHook, match="happened_at"):
        heard(hook("fulfillment_events/create", body | {"created_at": None}))


# --- refunds ---


def test_a_refund_gives_back_for_a_line_what_the_line_had_cost() -> None:
    given = only(
        "refunds/create", refund(refund_line(restock_type="no_restock"), paid=[transaction("23.19")]), OrderRefunded
    )
    assert (given.refund_id, given.amount_minor) == ("880001", 2_319)
    assert [(line.line_id, line.quantity, line.amount_minor) for line in given.lines] == [(str(SHIRT), 1, 2_000)]


def test_what_is_kept_back_is_kept_back_from_the_lines_in_proportion() -> None:
    """A fee for taking goods back: points of what was not given back stay."""
    lines = [refund_line(SHIRT, 20.0, restock_type="cancel"), refund_line(MUG, 10.0, restock_type="cancel")]
    given = only("refunds/create", refund(*lines, paid=[transaction("25.00")]), OrderRefunded)
    assert [line.amount_minor for line in given.lines] == [1_666, 834]
    assert given.amount_minor == sum(line.amount_minor for line in given.lines)


def test_shipping_given_back_is_a_gesture_without_lines() -> None:
    body = refund(paid=[transaction("5.00")], order_adjustments=[{"amount": "-5.00", "kind": "shipping_refund"}])
    given = only("refunds/create", body, OrderRefunded)
    assert (given.amount_minor, given.lines) == (500, ())


@pytest.mark.parametrize(
    "paid",
    [
        [],
        [transaction("20.00", status="failure")],
        [transaction("20.00", kind="void")],
        [transaction("0.00")],
        [transaction(amount=None)],
        None,
    ],
)
def test_a_refund_without_money_is_none(paid: list[dict[str, Any]] | None) -> None:
    body = refund(refund_line(restock_type="no_restock")) | {"transactions": paid}
    assert heard(hook("refunds/create", body)) == Ignored("no_money_given_back")


def test_several_payments_are_added_up_and_one_on_its_way_counts() -> None:
    body = refund(paid=[transaction("5.00"), transaction("7.50", status="pending"), transaction("9", status="error")])
    assert only("refunds/create", body, OrderRefunded).amount_minor == 1_250


def test_money_given_back_in_yen_counts_in_the_shops_own_currency() -> None:
    line = refund_line(subtotal_set=money("20.00", shown=("3200", "JPY")), restock_type="cancel")
    given = only("refunds/create", refund(line, paid=[transaction("3200", currency="JPY")]), OrderRefunded)
    assert (given.amount_minor, given.lines[0].amount_minor) == (2_000, 2_000)


def test_yen_and_dinars_are_given_back_exactly() -> None:
    for currency, amount, minor in (("JPY", "1200", 1_200), ("KWD", "1.234", 1_234), ("CLP", "18000.00", 18_000)):
        paid = [transaction(amount, currency=currency, total_unsettled_set=money("0", currency))]
        body = refund(paid=paid, total_duties_set=money("0", currency))
        assert only("refunds/create", body, OrderRefunded).amount_minor == minor


def test_a_refund_that_names_no_currency_at_all_is_refused() -> None:
    body = refund(paid=[transaction("5.00", currency=None, total_unsettled_set=None)], total_duties_set=None)
    with pytest.raises(BadHook, match="currency"):
        heard(hook("refunds/create", body))


def test_goods_put_back_into_stock_have_come_back() -> None:
    received, _ = facts_of(heard(hook("refunds/create", refund(refund_line(quantity=1)))))
    assert isinstance(received, ReturnReceived)
    assert (received.return_id, [line.quantity for line in received.lines]) == ("880001", [1])
    named, _ = facts_of(heard(hook("refunds/create", refund(refund_line()) | {"return": {"id": 660_001}})))
    assert isinstance(named, ReturnReceived)
    assert named.return_id == "660001"


@pytest.mark.parametrize("line", [refund_line(location_id=None), refund_line(restock_type="cancel")])
def test_goods_that_were_never_sent_or_lie_nowhere_have_not(line: dict[str, Any]) -> None:
    facts = facts_of(heard(hook("refunds/create", refund(line))))
    assert [type(fact) for fact in facts] == [OrderRefunded]


def test_test_money_is_not_given_back() -> None:
    assert heard(hook("refunds/create", refund(paid=[transaction(test=True)]))) == Ignored("test_order")


# --- returns ---


@pytest.mark.parametrize("topic", ["returns/request", "returns/approve"])
def test_a_return_is_requested_by_the_customer_or_begun_by_staff(topic: str) -> None:
    wanted = only(topic, returning(), ReturnRequested)
    assert (wanted.order_id, wanted.return_id) == (str(ORDER_ID), "660001")
    assert [(line.line_id, line.quantity) for line in wanted.lines] == [(str(SHIRT), 1)]
    assert (wanted.reason, wanted.occurred_at) == (ReturnReason.changed_mind, RECEIVED)


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("wrong_item", ReturnReason.wrong_item),
        ("DEFECTIVE", ReturnReason.damaged),
        ("not_as_described", ReturnReason.not_as_described),
        ("unknown", ReturnReason.other),
        (None, ReturnReason.other),
    ],
)
def test_why_it_comes_back(reason: str | None, ours: ReturnReason) -> None:
    lines = [returning()["return_line_items"][0] | {"return_reason": reason}]
    assert only("returns/request", returning(return_line_items=lines), ReturnRequested).reason is ours


def test_a_return_may_say_its_order_in_three_ways_and_lines_may_be_unnamed() -> None:
    for names in (
        {"order": {"id": ORDER_ID}},
        {"order": {"id": None, "admin_graphql_api_id": f"gid://shopify/Order/{ORDER_ID}"}},
        {"order": None, "order_id": ORDER_ID},
    ):
        assert only("returns/request", returning(**names), ReturnRequested).order_id == str(ORDER_ID)
    unverified = returning(return_line_items=[{"quantity": 1, "fulfillment_line_item": None}])
    assert only("returns/request", unverified, ReturnRequested).lines == ()
