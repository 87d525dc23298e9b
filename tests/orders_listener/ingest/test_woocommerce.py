"""What WooCommerce's webhooks tell: an order, whole, again and again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import Fact, orders
from contracts.storefront import (
    CancelledBy,
    CustomerErased,
    CustomerUpdated,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)
from contracts.vocabulary import Channel, Destination
from orders_listener.ingest.hooks import BadHook, Ignored
from orders_listener.ingest.woocommerce import heard
from orders_listener.timelines import OrderStatus, Timeline
from tests.orders_listener.ingest.bodies import TOPICS, any_body
from tests.orders_listener.ingest.telling import RECEIVED, events_of, facts_of, hook, survives, told
from tests.orders_listener.shop import ADA, Told

CREATED, UPDATED = "order.created", "order.updated"
TRACKING = {
    "tracking_provider": "dhl-us",
    "tracking_number": "JD 0146",
    "date_shipped": "1772668800",
    "tracking_id": "9f0c",
}


def item(line_id: int = 11, **more: Any) -> dict[str, Any]:
    return {
        "id": line_id,
        "name": "Linen shirt - Blue",
        "product_id": 93,
        "variation_id": 95,
        "quantity": 2,
        "subtotal": "33.61",
        "subtotal_tax": "6.39",
        "total": "30.25",
        "total_tax": "5.75",
        "meta_data": [
            {"id": 1, "key": "pa_colour", "value": "blue", "display_key": "Colour"},
            {"id": 2, "key": "Engraving", "value": "For Ada, with love"},
        ],
        "sku": "LIN-BLU",
        "price": 15.125,
        "parent_name": "Linen shirt",
    } | more


def order(status: str = "processing", **more: Any) -> dict[str, Any]:
    """As version 3 of the API has it; prices are shown with tax, and shop's clock is an hour before GMT."""
    return {
        "id": 4750,
        "parent_id": 0,
        "number": "SHOP-1001",
        "status": status,
        "currency": "EUR",
        "created_via": "checkout",
        "prices_include_tax": True,
        "date_created": "2026-03-03T10:00:00",
        "date_created_gmt": "2026-03-03T09:00:00",
        "date_modified": "2026-03-03T10:00:20",
        "date_modified_gmt": "2026-03-03T09:00:20",
        "date_paid": "2026-03-03T10:00:10",
        "date_paid_gmt": "2026-03-03T09:00:10",
        "date_completed": None,
        "date_completed_gmt": None,
        "customer_id": 7,
        "shipping_total": "4.12",
        "shipping_tax": "0.78",
        "total": "40.90",
        "total_tax": "6.53",
        "payment_method": "stripe",
        "billing": {
            "first_name": "Ada",
            "last_name": "Lovelace",
            "address_1": "St James's Square 12",
            "postcode": "SW1Y 4JH",
            "country": "GB",
            "state": "",
            "email": "ada@example.com",
            "phone": "+44 (20) 7946-0018",
        },
        "shipping": {"first_name": "Ada", "state": "DE-BE", "postcode": "10115", "country": "DE"},
        "line_items": [item()],
        "shipping_lines": [{"id": 12, "method_id": "flat_rate", "total": "4.12"}],
        "fee_lines": [],
        "coupon_lines": [{"id": 13, "code": "spring10", "discount": "3.36"}],
        "refunds": [],
        "meta_data": [],
        "payment_url": "https://shop.example/checkout/order-pay/4750/?pay_for_order=true&key=wc_order_x",
    } | more


def unpaid(status: str, **more: Any) -> dict[str, Any]:
    return order(status, **{"date_paid": None, "date_paid_gmt": None} | more)


def modified(at: str, **more: Any) -> dict[str, Any]:
    return {"date_modified_gmt": at, **more}


def facts_in(body: dict[str, Any], topic: str = UPDATED) -> list[Fact]:
    return facts_of(heard(hook(topic, body)))


def one(kind: type[Fact], body: dict[str, Any], topic: str = UPDATED) -> Any:
    (found,) = [fact for fact in facts_in(body, topic) if isinstance(fact, kind)]
    return found


def kinds(body: dict[str, Any], topic: str = UPDATED) -> list[str]:
    return [type(fact).__name__ for fact in facts_in(body, topic)]


def after(*hooks: tuple[str, dict[str, Any]], scans: Sequence[Fact] = (), until: datetime = RECEIVED) -> Told:
    """What the fold makes of hooks of Ada's order that came one after the other, and of scans."""
    came = [
        hook(topic, {**body, "customer_id": ADA}, key=f"d-{number}", at=RECEIVED + timedelta(minutes=number))
        for number, (topic, body) in enumerate(hooks)
    ]
    return told(*(event for each in came for event in events_of(heard, each)), *scans, until=until)


def timeline_of(result: Told) -> Timeline:
    return result.account.timelines["4750"]


def scanned(status: str, at: datetime) -> ShipmentProgressed:
    """The carrier saw the parcel that the tracking extension announced."""
    return ShipmentProgressed(
        customer_id=ADA, order_id="4750", shipment_id="4750:9f0c", occurred_at=at, status=ShipmentStatus(status)
    )


TRACKED = {"meta_data": [{"key": "_wc_shipment_tracking_items", "value": [TRACKING]}]}
DONE = {"date_completed_gmt": "2026-03-05T08:00:00", "date_modified_gmt": "2026-03-05T08:00:00"}
DELIVERED_AT = datetime(2026, 3, 7, 11, tzinfo=UTC)


def test_an_order_is_placed_as_the_shop_showed_it() -> None:
    assert one(OrderPlaced, order()) == OrderPlaced(
        customer_id="7",
        order_id="4750",
        placed_at=datetime(2026, 3, 3, 9, tzinfo=UTC),
        currency="EUR",
        lines=one(OrderPlaced, order()).lines,
        shipping_minor=490,
        tax_minor=653,
        total_minor=4_090,
        destination=Destination(country="DE", region="DE-BE", postcode_prefix="101"),
        channel="checkout",
        coupon_code="spring10",
    )
    (line,) = one(OrderPlaced, order()).lines
    assert (line.line_id, line.sku, line.product_id, line.quantity) == ("11", "LIN-BLU", "93", 2)
    assert (line.unit_price_minor, line.discount_minor, line.paid_minor) == (2_000, 400, 3_600)
    assert line.variant == {"colour": "blue"}, "what somebody had engraved is their own affair"


def test_where_tax_is_added_at_the_end_lines_cost_what_was_shown_without_it() -> None:
    placed = one(OrderPlaced, order(prices_include_tax=False))
    assert (placed.lines[0].paid_minor, placed.shipping_minor, placed.tax_minor) == (3_025, 412, 653)


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [
        ("CLP", "18000", 18_000),
        ("JPY", "1234.5", 1_235),
        ("KWD", "1.234", 1_234),
        ("EUR", "20.0049", 2_000),
        ("EUR", 12.5, 1_250),
    ],
)
def test_money_is_counted_in_the_smallest_unit_of_its_currency(currency: str, total: Any, minor: int) -> None:
    assert one(OrderPlaced, order(currency=currency, total=total, line_items=[])).total_minor == minor


def test_net_and_tax_are_added_before_they_are_rounded() -> None:
    fine = item(total="16.806722", total_tax="3.193278", subtotal="16.806722", subtotal_tax="3.193278")
    assert one(OrderPlaced, order(line_items=[fine])).lines[0].paid_minor == 2_000


def test_the_whole_life_of_an_order_gives_its_timeline() -> None:
    given_back = {"date_modified_gmt": "2026-03-09T08:00:00", "refunds": [{"id": 4801, "total": "-40.90"}]}
    result = after(
        (CREATED, unpaid("pending")),
        (UPDATED, order("processing")),
        (UPDATED, order("completed", **TRACKED, **DONE)),
        (UPDATED, order("refunded", **TRACKED, **DONE | given_back)),
        scans=[scanned("in_transit", datetime(2026, 3, 5, 18, tzinfo=UTC)), scanned("delivered", DELIVERED_AT)],
    )
    assert sorted(result.names) == ["OrderConfirmed", "OrderDelivered", "OrderRefunded", "OrderShipped"]
    timeline = timeline_of(result)
    assert timeline.standing.delivered_at == DELIVERED_AT
    assert [(type(entry.fact).__name__, entry.occurred_at.day) for entry in timeline.entries] == [
        ("OrderPlaced", 3),
        ("OrderPaid", 3),
        ("ShipmentCreated", 5),
        ("ShipmentProgressed", 5),
        ("ShipmentProgressed", 7),
        ("OrderRefunded", 9),
    ]
    (refund,) = result.all(orders.OrderRefunded)
    assert [(line.line_id, line.quantity, line.amount_minor) for line in refund.lines] == [("11", 2, 3_600)]


def test_the_same_order_again_doubles_nothing() -> None:
    paid = order("processing")
    later = order("processing", **modified("2026-03-04T12:00:00"))
    result = after((CREATED, paid), (UPDATED, paid), (UPDATED, later), ("order.restored", later))
    assert [type(entry.fact).__name__ for entry in timeline_of(result).entries] == ["OrderPlaced", "OrderPaid"]
    assert result.names == ["OrderConfirmed"]


def test_an_update_that_comes_first_is_enough() -> None:
    result = after((UPDATED, order("processing")), (CREATED, unpaid("pending")))
    assert timeline_of(result).standing.status == OrderStatus.confirmed


def test_an_order_written_by_hand_may_arrive_completed() -> None:
    body = unpaid("completed", created_via="admin", line_items=None, billing=None, shipping=None)
    result = after((CREATED, {**body, "date_paid_gmt": None}))
    assert timeline_of(result).standing.status == OrderStatus.shipped
    assert one(OrderPaid, body).occurred_at == one(OrderPlaced, body).placed_at


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (unpaid("pending"), ["OrderPlaced"]),
        (unpaid("on-hold", payment_method="bacs"), ["OrderPlaced"]),
        (order("processing"), ["OrderPaid", "OrderPlaced"]),
        (unpaid("processing", payment_method="cod"), ["OrderPlaced"]),
        (order("completed"), ["OrderPaid", "ShipmentCreated", "ShipmentProgressed", "OrderPlaced"]),
        (unpaid("cancelled"), ["OrderCancelled", "OrderPlaced"]),
        (order("cancelled"), ["OrderPaid", "OrderCancelled", "OrderPlaced"]),
        (unpaid("failed"), ["PaymentFailed", "OrderPlaced"]),
        (order("refunded"), ["OrderPaid", "OrderPlaced"]),
        (order("refunded", refunds=[{"id": 1, "total": "-40.90"}]), ["OrderPaid", "OrderRefunded", "OrderPlaced"]),
        (order("packed-by-elves"), ["OrderPaid", "OrderPlaced"]),
        (unpaid("packed-by-elves"), ["OrderPlaced"]),
        (order("wc-processing"), ["OrderPaid", "OrderPlaced"]),
        (unpaid(""), ["OrderPlaced"]),
    ],
)
def test_each_status_says_what_it_means(body: dict[str, Any], said: list[str]) -> None:
    assert kinds(body) == said


def test_who_pays_at_the_door_has_a_confirmed_order() -> None:
    result = after((CREATED, unpaid("processing", payment_method="cod")))
    assert timeline_of(result).standing.status == OrderStatus.confirmed


def test_an_unpaid_order_ended_for_want_of_money_and_a_paid_one_by_the_shop() -> None:
    assert one(OrderCancelled, unpaid("cancelled")).by == CancelledBy.payment
    assert one(OrderCancelled, unpaid("cancelled", payment_method="cod")).by == CancelledBy.shop
    assert one(OrderCancelled, order("cancelled")).by == CancelledBy.shop


def test_a_failed_payment_can_be_made_again() -> None:
    failed = one(PaymentFailed, unpaid("failed"))
    assert failed.retry_url.startswith("https://shop.example/")
    assert one(PaymentFailed, unpaid("failed", payment_url="javascript:alert(1)")).retry_url is None


def test_a_failed_payment_is_over_when_the_money_comes() -> None:
    result = after((CREATED, unpaid("failed")), (UPDATED, order("processing", date_paid_gmt="2026-03-03T09:05:00")))
    assert result.troubles[:2] == ["opened payment_failed", "paid payment_failed"]


def test_an_order_edited_before_it_is_paid_has_its_new_lines() -> None:
    edited = unpaid(
        "on-hold", **modified("2026-03-03T11:00:00", line_items=[item(), item(14, quantity=1)], total="80.00")
    )
    assert [line.line_id for line in one(OrderChanged, edited).lines] == ["11", "14"]
    result = after(
        (CREATED, unpaid("on-hold")),
        (UPDATED, edited),
        (UPDATED, order("processing", date_paid_gmt="2026-03-03T12:00:00")),
    )
    (confirmed,) = result.all(orders.OrderConfirmed)
    assert [line.line_id for line in confirmed.lines] == ["11", "14"]
    assert confirmed.total_minor == 8_000


@pytest.mark.parametrize(("topic", "status"), [(CREATED, "on-hold"), (UPDATED, "on-hold"), (UPDATED, "processing")])
def test_what_nobody_edited_is_not_said_to_be_changed(topic: str, status: str) -> None:
    assert "OrderChanged" not in kinds(order(status), topic)


def test_part_of_the_money_is_a_gesture_and_the_rest_takes_every_line_back() -> None:
    partly = order(refunds=[{"id": 4801, "reason": "late", "total": "-10.00"}])
    assert (one(OrderRefunded, partly).amount_minor, one(OrderRefunded, partly).lines) == (1_000, ())
    whole = order("refunded", refunds=[{"id": 4802, "total": "-30.90"}, {"id": 4801, "total": "-10.00"}])
    result = after((CREATED, order()), (UPDATED, partly), (UPDATED, whole), (UPDATED, whole))
    refunds = result.all(orders.OrderRefunded)
    assert [(refund.refund_id, refund.amount_minor, len(refund.lines)) for refund in refunds] == [
        ("4801", 1_000, 0), ("4802", 3_090, 1),
    ]  # fmt: skip


def test_a_refund_of_nothing_is_none() -> None:
    assert "OrderRefunded" not in kinds(order(refunds=[{"id": 4801, "total": "0.00"}, {"id": None, "total": "-1.00"}]))


@pytest.mark.parametrize("value", [[TRACKING], {"1": TRACKING}, [TRACKING, TRACKING]])
def test_a_number_of_a_tracking_extension_announces_a_parcel(value: Any) -> None:
    body = order("processing", meta_data=[{"key": "_wc_shipment_tracking_items", "value": value}])
    announced = one(ShipmentCreated, body)
    assert (announced.shipment_id, announced.carrier, announced.tracking_number) == ("4750:9f0c", "dhl", "JD 0146")
    assert announced.occurred_at == datetime(2026, 3, 5, tzinfo=UTC)


def test_what_the_extension_packed_is_what_the_parcel_carries() -> None:
    packed = TRACKING | {"tracking_id": "a", "products_list": [{"product": 93, "item_id": "11", "qty": "1"}]}
    body = order("processing", meta_data=[{"key": "_wc_shipment_tracking_items", "value": [packed]}])
    announced = one(ShipmentCreated, body)
    assert [(line.line_id, line.quantity) for line in announced.lines] == [("11", 1)]
    assert announced.replaces_shipment_id is None


def test_a_number_that_aftership_wrote_into_the_order_announces_a_parcel() -> None:
    tracking = {"tracking_id": "b", "slug": "dhl-global-mail", "tracking_number": "JD0147"}
    lines = [{"id": 11, "quantity": 2}]
    body = order(
        "completed", meta_data=[{"key": "_aftership_tracking_items", "value": [tracking | {"line_items": lines}]}]
    )
    announced = one(ShipmentCreated, body | DONE)
    assert (announced.carrier, announced.tracking_number) == ("dhlecommerce", "JD0147")
    assert announced.occurred_at == datetime(2026, 3, 5, 8, tzinfo=UTC), "when the order was completed"
    assert [(line.line_id, line.quantity) for line in announced.lines] == [("11", 2)]


def test_a_number_that_is_added_after_the_order_was_completed_is_the_same_parcel() -> None:
    hooks = [(UPDATED, order("completed", **DONE)), (UPDATED, order("completed", **TRACKED, **DONE))]
    assert timeline_of(after(*hooks)).standing.status == OrderStatus.shipped
    assert timeline_of(after(*hooks, scans=[scanned("delivered", DELIVERED_AT)])).standing.delivered_at == DELIVERED_AT


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (order("completed"), ShipmentStatus.picked_up),
        (order("completed", shipping_lines=[{"method_id": "local_pickup"}]), ShipmentStatus.delivered),
        (order("completed", shipping_lines=[], needs_processing=False), ShipmentStatus.delivered),
        (order("completed", created_via="pos-rest-api"), ShipmentStatus.delivered),
    ],
)
def test_completed_means_sent_or_with_the_customer(body: dict[str, Any], status: ShipmentStatus) -> None:
    assert one(ShipmentProgressed, body).status == status


def test_an_order_that_was_sent_without_a_number_is_not_missed() -> None:
    result = after((UPDATED, order("completed", **DONE)), until=RECEIVED + timedelta(days=120))
    assert timeline_of(result).standing.status == OrderStatus.shipped
    assert result.troubles == []


def test_a_guest_is_somebody_else_with_every_order() -> None:
    known = one(CustomerUpdated, order(customer_id=0))
    assert known.customer_id == "guest:4750"
    assert [(way.channel, way.address) for way in known.contacts] == [
        (Channel.email, "ada@example.com"), (Channel.sms, "+442079460018"),
    ]  # fmt: skip
    assert (known.given_name, known.family_name, known.country) == ("Ada", "Lovelace", "GB")


def test_who_has_an_account_is_not_said_again_by_later_hooks_of_an_order() -> None:
    assert one(CustomerUpdated, order(), CREATED).customer_id == "7"
    assert "CustomerUpdated" not in kinds(order(), UPDATED)


def test_a_phone_number_without_its_country_is_left_out() -> None:
    billing = {"email": "ada@example.com", "phone": "020 7946 0018"}
    assert [way.channel for way in one(CustomerUpdated, order(customer_id=0, billing=billing)).contacts] == [
        Channel.email
    ]


def test_nobody_to_reach_is_no_customer_to_speak_of() -> None:
    assert "CustomerUpdated" not in kinds(order(customer_id=0, billing={"email": "", "first_name": "Ada"}))


def test_no_address_is_kept_with_the_order() -> None:
    said = repr([fact for fact in facts_in(order(), CREATED) if not isinstance(fact, CustomerUpdated)])
    assert not any(private in said for private in ("Ada", "Lovelace", "St James", "example.com", "4JH", "10115"))


CUSTOMER = {
    "id": 7, "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
    "date_created_gmt": "2026-03-01T09:00:00", "date_modified_gmt": "2026-03-02T09:00:00",
    "billing": {"phone": "", "country": "GB", "email": ""},
}  # fmt: skip


def test_an_account_is_said_whole() -> None:
    (known,) = facts_of(heard(hook("customer.updated", CUSTOMER)))
    assert isinstance(known, CustomerUpdated)
    assert (known.customer_id, known.contacts[0].address) == ("7", "ada@example.com")
    assert known.occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_deleted_account_is_forgotten() -> None:
    assert facts_of(heard(hook("customer.deleted", {"id": 7}))) == [
        CustomerErased(customer_id="7", occurred_at=RECEIVED)
    ]


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("", b"webhook_id=3", "ping"),
        ("order.created", b"webhook_id=3", "ping"),
        ("order.deleted", {"id": 4750}, "order_deleted"),
        (UPDATED, order("checkout-draft"), "order_draft"),
        (CREATED, order("auto-draft"), "order_draft"),
        (UPDATED, order("trash"), "order_trashed"),
        ("product.updated", {"id": 93}, "topic_not_used"),
        ("coupon.created", {"id": 1}, "topic_not_used"),
        ("action.woocommerce_add_to_cart", {"action": "woocommerce_add_to_cart", "arg": "x"}, "topic_not_used"),
        ("customer.created", {"id": 7, "email": ""}, "nobody_to_reach"),
    ],
)
def test_nothing_follows_for_a_reason(topic: str, body: object, reason: str) -> None:
    assert heard(hook(topic, body)) == Ignored(reason)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", {}, order(id=None), order(id=0), order(currency=None), order(currency="euro"), order(total="much"),
        order(total="99999999999999999"), order(date_created=None, date_created_gmt=None),
        order(date_created=None, date_created_gmt="2026-04-01T00:00:00"),
        order(line_items=[item(total="NaN")]), order(line_items=[item(number) for number in range(1, 1_002)]),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_read_is_refused(body: object) -> None:
    with pytest.raises(BadHook):
        heard(hook(CREATED, body))


@pytest.mark.parametrize(
    ("quantity", "pieces"), [(2, 2), ("2", 2), (2.0, 2), ("0.5", 1), (0, None), (-1, None), (None, None), ("x", None)]
)
def test_pieces_are_whole(quantity: Any, pieces: int | None) -> None:
    lines = one(OrderPlaced, order(line_items=[item(quantity=quantity)])).lines
    assert [line.quantity for line in lines] == ([pieces] if pieces else [])


def test_ids_are_kept_digit_by_digit() -> None:
    assert one(OrderPlaced, order(id=9_007_199_254_740_993)).order_id == "9007199254740993"
    assert one(OrderPlaced, order(customer_id="9007199254740993")).customer_id == "9007199254740993"


FULL = order(
    "refunded",
    refunds=[{"id": 4801, "total": "-40.90"}],
    date_completed_gmt="2026-03-05T08:00:00",
    meta_data=[{"key": "_wc_shipment_tracking_items", "value": [TRACKING]}],
)


@given(st.sampled_from(TOPICS), any_body(FULL))
def test_no_body_breaks_it(topic: str, body: object) -> None:
    survives(heard, hook(topic, body))


@given(
    any_body(unpaid("failed", customer_id=0)),
    st.sampled_from(("pending", "failed", "completed", "cancelled", "refunded")),
)
def test_no_order_breaks_it(body: Any, status: str) -> None:
    survives(heard, hook(UPDATED, body | {"status": status} if isinstance(body, dict) else body))
