"""What an order on Shopify becomes: said whole by every hook, counted once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.past import is_past
from contracts.storefront import (
    CancelledBy,
    CustomerUpdated,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    ShipmentCreated,
)
from orders_listener.entries import HistoryFact
from orders_listener.ingest.events import record_said
from orders_listener.ingest.hooks import BadHook, Ignored, OfCustomer, OfOrder
from orders_listener.ingest.shopify import heard
from tests.orders_listener.ingest.shopify_shop import (
    CUSTOMER_ID,
    MUG,
    ORDER_ID,
    PLACED_AT,
    SHIRT,
    address,
    customer,
    fulfillment,
    item,
    money,
    order,
    refund,
    refund_line,
    transaction,
)
from tests.orders_listener.ingest.telling import RECEIVED, facts_of, hook
from tests.orders_listener.shop import F

CREATE, UPDATED, PAID = "orders/create", "orders/updated", "orders/paid"


SOON = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
"""The order is a day old, nearly."""


def said(body: dict[str, Any], kind: type[F], topic: str = CREATE, at: datetime = SOON) -> F:
    """The one fact of this kind."""
    [found] = [fact for fact in facts_of(heard(hook(topic, body, at=at))) if isinstance(fact, kind)]
    return found


def kinds(body: dict[str, Any], topic: str = CREATE, at: datetime = SOON) -> list[str]:
    return [type(fact).__name__ for fact in facts_of(heard(hook(topic, body, at=at)))]


def test_an_order_is_placed_by_whoever_bought_it() -> None:
    placed = said(order(), OrderPlaced)
    assert placed.order_id == str(ORDER_ID)
    assert placed.customer_id == str(CUSTOMER_ID)
    assert placed.placed_at.isoformat() == "2026-03-02T09:00:00+00:00"
    assert (placed.total_minor, placed.shipping_minor, placed.tax_minor) == (2_500, 500, 399)
    assert (placed.channel, placed.locale, placed.currency) == ("web", "de-DE", "EUR")


def test_where_it_goes_names_nobody() -> None:
    destination = said(order(), OrderPlaced).destination
    assert destination is not None
    assert (destination.country, destination.region) == ("DE", "DE-BY")
    assert (destination.postcode_prefix, destination.zone) == ("803", "Europe/Berlin")


@pytest.mark.parametrize(
    ("country", "province", "zone"),
    [
        ("US", "NY", "America/New_York"),
        ("US", "AZ", None),
        ("US", "TX", None),
        ("US", None, None),
        ("ES", "TF", "Atlantic/Canary"),
        ("ES", "B", "Europe/Madrid"),
        ("ES", None, None),
        ("JP", "JP-13", "Asia/Tokyo"),
        ("AQ", None, None),
    ],
)
def test_a_zone_is_said_only_where_there_is_no_doubt(country: str, province: str | None, zone: str | None) -> None:
    body = order(shipping_address=address(country_code=country, province_code=province, zip=None))
    destination = said(body, OrderPlaced).destination
    assert destination is not None
    assert destination.zone == zone


def test_an_id_keeps_every_digit_in_whatever_form_it_comes() -> None:
    number, text = order(id=ORDER_ID), order(id=str(ORDER_ID))
    named = order(id=f"gid://shopify/Order/{ORDER_ID}")
    missing = order(id=None, admin_graphql_api_id=f"gid://shopify/Order/{ORDER_ID}?key=1")
    assert {said(body, OrderPlaced).order_id for body in (number, text, named, missing)} == {"5512345678901234567"}


def test_an_order_without_an_id_is_refused() -> None:
    with pytest.raises(BadHook, match="id: no id"):
        heard(hook(CREATE, order(id=None, admin_graphql_api_id=None)))


# --- what a line costs ---


def discounts(*amounts: str) -> list[dict[str, Any]]:
    return [{"amount": each, "amount_set": money(each), "discount_application_index": 0} for each in amounts]


@pytest.mark.parametrize(
    ("line", "paid_minor", "discount_minor"),
    [
        (item(price="20.00", quantity=3), 6_000, 0),
        (item(price="20.00", quantity=3, discount_allocations=discounts("5.00", "0.01")), 5_499, 501),
        # the line's own discount stands among the allocations too
        (item(price="20.00", total_discount="5.00", discount_allocations=discounts("5.00", "5.00")), 1_000, 1_000),
        (item(price="20.00", total_discount="5.00", discount_allocations=None), 1_500, 500),
        (item(price="20.00", discount_allocations=discounts("25.00")), 0, 2_000),
        (item(price="0.00"), 0, 0),
        (item(price=None, price_set=None), 0, 0),
        (item(price=19.9, price_set=None), 1_990, 0),
    ],
)
def test_a_line_costs_its_price_less_what_is_taken_off_it(
    line: dict[str, Any], paid_minor: int, discount_minor: int
) -> None:
    [found] = said(order(line), OrderPlaced).lines
    assert (found.paid_minor, found.discount_minor) == (paid_minor, discount_minor)


@pytest.mark.parametrize(
    ("currency", "price", "minor"),
    [("JPY", "1200", 1_200), ("JPY", "1200.00", 1_200), ("CLP", "18000.0", 18_000), ("KWD", "1.234", 1_234)],
)
def test_money_is_exact_in_currencies_without_cents_and_with_mils(currency: str, price: str, minor: int) -> None:
    body = order(
        item(price=price, price_set=money(price, currency)), currency=currency, total=price,
        total_price_set=money(price, currency), total_shipping_price_set=money("0", currency), total_tax="0",
    )  # fmt: skip
    placed = said(body, OrderPlaced)
    assert (placed.lines[0].paid_minor, placed.total_minor) == (minor, minor)


def test_amounts_are_the_shops_own_whatever_the_customer_was_shown() -> None:
    shown = money("20.00", shown=("3200", "JPY"))
    body = order(
        item(price_set=shown), presentment_currency="JPY", total_price_set=money("25.00", shown=("4000", "JPY"))
    )
    placed = said(body, OrderPlaced)
    assert (placed.currency, placed.lines[0].paid_minor, placed.total_minor) == ("EUR", 2_000, 2_500)


def test_a_fraction_of_a_cent_loses_no_order() -> None:
    assert said(order(item(price="0.335", price_set=None)), OrderPlaced).lines[0].paid_minor == 34


def test_a_line_written_by_hand_has_a_name_instead_of_an_article() -> None:
    plain = item(sku=None, variant_id=None, product_id=None, variant_title=None, title="Engraving")
    [line] = said(order(plain), OrderPlaced).lines
    assert (line.sku, line.product_id, line.variant) == ("Engraving", None, {})
    [unnamed] = said(order(plain | {"title": None, "name": None}), OrderPlaced).lines
    assert unnamed.sku == str(SHIRT)


def test_a_tip_is_no_line_and_a_gift_card_is_known_as_one() -> None:
    tip, card = item(7, tip_payment_gateway="shopify_payments"), item(8, gift_card=True)
    lines = said(order(item(), tip, card), OrderPlaced).lines
    assert [(line.line_id, line.category) for line in lines] == [(str(SHIRT), None), ("8", "gift_card")]


# --- who bought ---


def test_a_guest_is_known_by_the_order_alone() -> None:
    facts = facts_of(heard(hook(CREATE, order(customer=None))))
    assert {fact.customer_id for fact in facts} == {f"guest:{ORDER_ID}"}
    person = said(order(customer=None), CustomerUpdated)
    assert [contact.address for contact in person.contacts] == ["ada@example.org"]
    assert person.given_name == "Ada"


def test_a_buyer_nobody_can_reach_is_not_said_to_have_no_address() -> None:
    """CustomerUpdated is whole: an empty one would forget what is known."""
    body = order(customer=customer(email=None), email=None, contact_email="")
    assert "CustomerUpdated" not in kinds(body)


def test_later_hooks_do_not_bring_back_an_address_that_was_changed() -> None:
    assert "CustomerUpdated" not in kinds(order(), UPDATED)
    assert "CustomerUpdated" in kinds(order(customer=None), UPDATED)


# --- what became of it ---


def test_an_order_paid_at_checkout_is_paid_once_whoever_says_so() -> None:
    paid = order(financial_status="paid")
    later = paid | {"updated_at": "2026-03-03T08:00:00+01:00"}
    keys = {said(paid, OrderPaid, topic).payment_id for topic in (CREATE, PAID, UPDATED)}
    assert keys == {said(later, OrderPaid, UPDATED).payment_id}
    assert said(paid, OrderPaid, PAID).occurred_at == said(paid, OrderPlaced).placed_at


def test_an_invoice_is_paid_when_that_is_heard() -> None:
    body = order(financial_status="paid", updated_at="2026-03-09T10:00:00+01:00")
    assert said(body, OrderPaid, PAID, RECEIVED).occurred_at.isoformat() == "2026-03-09T09:00:00+00:00"


@pytest.mark.parametrize(
    ("state", "pays_later", "paid"),
    [
        ({"financial_status": "pending"}, False, False),
        ({"financial_status": "authorized"}, True, False),
        ({"financial_status": "pending", "payment_gateway_names": ["Cash on Delivery (COD)"]}, True, False),
        ({"financial_status": "pending", "payment_gateway_names": [None, "Bank Deposit"]}, False, False),
        ({"financial_status": "pending", "payment_terms": {"payment_terms_name": "Net 30"}}, True, False),
        ({"financial_status": "partially_paid"}, False, False),
        ({"financial_status": "partially_refunded"}, False, True),
        ({"financial_status": "voided"}, False, False),
        ({"financial_status": None}, False, False),
    ],
)
def test_when_an_order_counts_as_paid_or_to_be_paid_later(state: dict[str, Any], pays_later: bool, paid: bool) -> None:
    body = order(**state)
    assert said(body, OrderPlaced).pay_later is pays_later
    assert ("OrderPaid" in kinds(body)) is paid


@pytest.mark.parametrize(
    ("reason", "by"),
    [
        ("customer", CancelledBy.customer),
        ("declined", CancelledBy.payment),
        ("fraud", CancelledBy.shop),
        ("inventory", CancelledBy.shop),
        (None, CancelledBy.shop),
    ],
)
def test_who_cancelled(reason: str | None, by: CancelledBy) -> None:
    body = order(cancelled_at="2026-03-04T12:00:00+01:00", cancel_reason=reason)
    cancelled = said(body, OrderCancelled, "orders/cancelled", RECEIVED)
    assert (cancelled.by, cancelled.reason) == (by, reason)


def test_a_change_tells_the_order_as_it_is_now() -> None:
    body = order(item(), item(MUG, "9.00"), total="34.00", updated_at="2026-03-02T15:00:00+01:00")
    changed = said(body, OrderChanged, UPDATED)
    assert [line.line_id for line in changed.lines or ()] == [str(SHIRT), str(MUG)]
    assert changed.total_minor == 3_400
    assert "OrderChanged" not in kinds(body, CREATE)


def test_pieces_that_were_struck_are_gone_and_pieces_given_money_back_for_are_not() -> None:
    struck = refund(refund_line(SHIRT, 20.0, restock_type="no_restock", location_id=None), paid=[], id=1)
    given = refund(refund_line(MUG, 9.0, restock_type="cancel"), paid=[transaction("9.00")], id=2)
    body = order(item(quantity=2), item(MUG, "9.00"), total="54.00", refunds=[struck, given])
    changed = said(body, OrderChanged, UPDATED)
    assert [(line.line_id, line.quantity, line.paid_minor) for line in changed.lines or ()] == [
        (str(SHIRT), 1, 2_000),
        (str(MUG), 1, 900),
    ]
    assert changed.total_minor == 3_400
    assert [line.quantity for line in said(body, OrderPlaced, UPDATED).lines] == [2, 1]


def test_parcels_and_refunds_are_told_by_the_order_in_the_same_words_as_by_their_own_hooks() -> None:
    """So whichever comes first, the other is a repetition."""
    parcel = fulfillment(created_at="2026-03-02T11:00:00Z")
    money_back = refund(refund_line(), processed_at="2026-03-02T12:00:00Z")
    told = facts_of(heard(hook(UPDATED, order(fulfillments=[parcel], refunds=[money_back]), at=SOON)))
    own = facts_of(heard(hook("fulfillments/create", parcel))) + facts_of(heard(hook("refunds/create", money_back)))
    for fact in own:
        data = {name: getattr(fact, name) for name in fact.__struct_fields__ if name != "customer_id"}
        assert any(
            type(other) is type(fact) and all(getattr(other, name) == value for name, value in data.items())
            for other in told
        ), fact


def test_the_order_itself_is_said_last() -> None:
    """When it becomes known, what happened to it is known too."""
    body = order(financial_status="paid", fulfillments=[fulfillment()], cancelled_at="2026-03-03T08:00:00+01:00")
    for topic in (CREATE, UPDATED):
        facts = [fact for fact in facts_of(heard(hook(topic, body, at=SOON))) if isinstance(fact, HistoryFact)]
        assert isinstance(facts[-1], OrderPlaced)


@pytest.mark.parametrize(
    ("name", "value", "promised_by", "ship_by"),
    [
        ("Delivery-Date", "2026/03/10", "2026-03-10", None),
        ("delivery_date", " 2026-03-10 ", "2026-03-10", None),
        ("Shipping-Date", "2026-03-09", None, "2026-03-09"),
        ("Delivery-Date", "10.03.2026", None, None),
        ("Delivery-Date", "2026-02-30", None, None),
        ("gift", "2026-03-10", None, None),
        (None, None, None, None),
    ],
)
def test_a_day_the_customer_chose_is_a_promise(
    name: object, value: object, promised_by: str | None, ship_by: str | None
) -> None:
    placed = said(order(note_attributes=[{"name": name, "value": value}]), OrderPlaced)
    assert (placed.promised_by, placed.ship_by) == (promised_by, ship_by)


def test_a_broken_part_does_not_lose_the_order() -> None:
    parts = {"fulfillments": [fulfillment(created_at=None)], "refunds": [refund(id=None)]}
    assert kinds(order(**parts)) == kinds(order())


def test_a_test_order_is_nobodys_order() -> None:
    assert heard(hook(CREATE, order(test=True))) == Ignored("test_order")


def test_an_order_with_nothing_but_what_must_be_there_is_an_order() -> None:
    bare = dict.fromkeys(order()) | {"id": ORDER_ID, "currency": "EUR", "created_at": PLACED_AT}
    assert kinds(bare) == ["OrderPlaced"]


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"currency": None}, "currency"),
        ({"created_at": None, "processed_at": "soon"}, "created_at"),
        ({"total_price_set": None, "total_price": "a lot"}, "total_price"),
        ({"total_price_set": None, "total_price": "-1.00"}, "total_price"),
        ({"line_items": [item(quantity=10_000_000)]}, "line_items.quantity"),
        ({"line_items": "none"}, "line_items"),
    ],
)
def test_what_cannot_be_an_order_is_refused_by_the_name_of_its_field(broken: dict[str, Any], field: str) -> None:
    with pytest.raises(BadHook, match=field):
        heard(hook(CREATE, order(**broken)))


def test_a_time_without_a_zone_is_utc() -> None:
    placed = said(order(processed_at="2026-03-02T10:00:00"), OrderPlaced)
    assert placed.placed_at.isoformat() == "2026-03-02T10:00:00+00:00"


# --- of old ---


@pytest.mark.parametrize("topic", [UPDATED, "orders/fulfilled", "orders/partially_fulfilled"])
def test_of_an_old_order_that_comes_up_again_nobody_is_told(topic: str) -> None:
    """A shop that is connected tags its old orders, and an import of orders creates them."""
    body = order(financial_status="paid", fulfillments=[fulfillment()], refunds=[refund(refund_line())])
    orders = [saying for saying in heard(hook(topic, body)) if saying.fact in (OrderPlaced, OrderChanged)]
    others = {saying.fact for saying in heard(hook(topic, body))} - {OrderPlaced, OrderChanged, CustomerUpdated}
    assert [saying.past for saying in orders] == ([False, True] if topic == UPDATED else [True])
    assert not others
    headers = dict(record_said(hook(topic, body), 0, orders[-1], {"customer_id": "ada"}).headers)
    assert is_past(headers["ce_correlationid"].decode(), RECEIVED)
    assert not is_past(headers["ce_correlationid"].decode(), RECEIVED + timedelta(seconds=1))


def test_an_old_order_that_is_created_now_brings_its_past_and_nobody_is_told_of_it() -> None:
    yesterday, before = "2026-03-19T13:00:00Z", "2026-03-19T11:00:00Z"
    parcels = [fulfillment(created_at=before), fulfillment(id=2, created_at=yesterday)]
    body = order(financial_status="paid", fulfillments=parcels, refunds=[refund(refund_line(), processed_at=before)])
    told = [saying for saying in heard(hook(CREATE, body)) if saying.fact is not CustomerUpdated]
    past = [saying.fact for saying in told if saying.past]
    assert {OrderPaid, ShipmentCreated, OrderRefunded} <= set(past)
    assert past[-1] is OrderPlaced
    assert {saying.data["shipment_id"] for saying in told if not saying.past} == {"2"}


@pytest.mark.parametrize("topic", [UPDATED, PAID, "orders/fulfilled", "orders/partially_fulfilled"])
def test_what_happened_to_an_old_order_within_a_day_is_said(topic: str) -> None:
    """Most orders are sent days after they were placed, and a shop may listen to nothing but its orders."""
    yesterday, before = "2026-03-19T13:00:00Z", "2026-03-19T11:00:00Z"
    parcels = [fulfillment(created_at=before), fulfillment(id=2, created_at=yesterday)]
    refunds = [refund(refund_line(), id=1, processed_at=before), refund(refund_line(), id=2, processed_at=yesterday)]
    told = facts_of(heard(hook(topic, order(fulfillments=parcels, refunds=refunds))))
    assert [fact.shipment_id for fact in told if isinstance(fact, ShipmentCreated)] == ["2"]
    assert [fact.refund_id for fact in told if isinstance(fact, OrderRefunded)] == ["2"]


def test_that_an_old_order_is_paid_or_cancelled_is_news() -> None:
    body = order(financial_status="paid", cancelled_at="2026-03-19T12:00:00Z", updated_at="2026-03-19T12:00:00Z")
    for topic, kind in ((PAID, "OrderPaid"), ("orders/cancelled", "OrderCancelled")):
        assert kinds(body, topic, RECEIVED) == [kind, "OrderPlaced"]
        assert not any(saying.past for saying in heard(hook(topic, body)))


# --- over the counter ---


def test_what_is_bought_at_the_counter_is_handed_over_there() -> None:
    body = order(source_name="pos", shipping_address=None, fulfillments=[fulfillment(tracking_number=None)])
    assert "ShipmentProgressed" in kinds(body)
    assert "ShipmentProgressed" not in kinds(body | {"source_name": "web"})


def test_a_fulfillment_that_was_cancelled_sends_nothing() -> None:
    body = order(fulfillments=[fulfillment(status="cancelled")])
    assert "ShipmentCreated" not in kinds(body)
    assert heard(hook("fulfillments/update", fulfillment(status="cancelled"))) == Ignored("fulfillment_cancelled")


# --- payments ---


def test_a_failed_attempt_to_pay_is_told_and_a_successful_one_is_left_to_the_order() -> None:
    failed = transaction(kind="sale", status="failure", error_code="card_declined", message="Ada's card was declined")
    [saying] = heard(hook("order_transactions/create", failed))
    assert saying.of == OfOrder(str(ORDER_ID))
    assert saying.fact is PaymentFailed
    assert saying.data["reason"] == "card_declined"
    for one in (transaction(kind="sale"), transaction(kind="refund", status="failure"), transaction(kind="void")):
        assert heard(hook("order_transactions/create", one)) == Ignored("order_says_it")


def test_an_order_names_its_customer_and_its_parts_name_the_order() -> None:
    assert {saying.of for saying in heard(hook(CREATE, order()))} == {OfCustomer(str(CUSTOMER_ID))}
    [saying] = heard(hook("fulfillments/create", fulfillment()))
    assert (saying.of, saying.fact) == (OfOrder(str(ORDER_ID)), ShipmentCreated)
