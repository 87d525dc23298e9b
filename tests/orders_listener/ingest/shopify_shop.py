"""Bodies of one Shopify order as its hooks bring them: ours, in Shopify's shape, with its nulls."""

from typing import Any

ORDER_ID = 5_512_345_678_901_234_567
"""Above 2^53: whoever reads it as a float loses the last digits."""
SHIRT, MUG = 13_000_000_000_000_001, 13_000_000_000_000_002
CUSTOMER_ID = 7_101_202_303_404
PARCEL = 4_404_303_202_101
PLACED_AT = "2026-03-02T10:00:00+01:00"


def money(amount: str, currency: str = "EUR", shown: tuple[str, str] | None = None) -> dict[str, Any]:
    """An amount in the shop's currency and in the customer's."""
    shown_amount, shown_currency = shown or (amount, currency)
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": shown_amount, "currency_code": shown_currency},
    }


def item(line_id: int = SHIRT, price: str = "20.00", quantity: int = 1, **more: Any) -> dict[str, Any]:
    """A line of an order."""
    return {
        "id": line_id, "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}", "sku": f"SKU-{line_id % 10}",
        "title": "Linen shirt", "variant_title": "blue / M", "variant_id": 41, "product_id": 31, "price": price,
        "price_set": money(price), "quantity": quantity, "current_quantity": quantity, "total_discount": "0.00",
        "discount_allocations": [], "gift_card": False, "requires_shipping": True, "properties": [], "tax_lines": [],
    } | more  # fmt: skip


def address(**more: Any) -> dict[str, Any]:
    return {
        "first_name": "Ada", "last_name": "Weber", "address1": "Somewhere 1", "city": "München", "zip": "80331",
        "province": "Bayern", "province_code": "BY", "country": "Germany", "country_code": "DE", "phone": None,
    } | more  # fmt: skip


def customer(**more: Any) -> dict[str, Any]:
    return {
        "id": CUSTOMER_ID, "email": "ada@example.org", "phone": None, "first_name": "Ada", "last_name": "Weber",
        "state": "enabled", "created_at": "2026-02-01T09:00:00+01:00", "updated_at": "2026-03-02T10:00:01+01:00",
        "default_address": address(), "note": None,
    } | more  # fmt: skip


def order(*items: dict[str, Any], total: str = "25.00", **more: Any) -> dict[str, Any]:
    """Two shirts less a discount, with shipping, not yet paid."""
    lines = list(items) or [item(quantity=1)]
    return {
        "id": ORDER_ID, "admin_graphql_api_id": f"gid://shopify/Order/{ORDER_ID}", "name": "#1001", "test": False,
        "currency": "EUR", "presentment_currency": "EUR", "created_at": PLACED_AT, "processed_at": PLACED_AT,
        "updated_at": "2026-03-02T10:00:05+01:00", "cancelled_at": None, "cancel_reason": None, "closed_at": None,
        "customer": customer(), "email": "ada@example.org", "contact_email": "ada@example.org", "phone": None,
        "customer_locale": "de-DE", "shipping_address": address(), "billing_address": address(),
        "financial_status": "pending", "fulfillment_status": None, "payment_gateway_names": ["shopify_payments"],
        "payment_terms": None, "source_name": "web", "discount_codes": [], "line_items": lines, "taxes_included": True,
        "shipping_lines": [{"price": "5.00", "discounted_price": "5.00", "is_removed": False}],
        "total_shipping_price_set": money("5.00"), "total_price": total, "total_price_set": money(total),
        "total_tax": "3.99", "note_attributes": [], "fulfillments": [], "refunds": [],
    } | more  # fmt: skip


def fulfillment(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": PARCEL, "order_id": ORDER_ID, "status": "success", "shipment_status": None, "service": "manual",
        "created_at": "2026-03-03T09:00:00+01:00", "updated_at": "2026-03-03T09:00:00+01:00",
        "line_items": list(items) or [item()], "tracking_company": "DHL Express", "tracking_number": "JD0001",
        "tracking_numbers": ["JD0001"], "tracking_url": None, "email": "ada@example.org", "destination": address(),
    } | more  # fmt: skip


def scan(status: str, happened_at: str, **more: Any) -> dict[str, Any]:
    return {
        "id": 1, "fulfillment_id": PARCEL, "order_id": ORDER_ID, "status": status, "message": "Handed to N. Neighbour",
        "happened_at": happened_at, "created_at": happened_at, "city": "München", "province": None, "country": "DE",
        "zip": "80331", "address1": None, "latitude": 48.1, "longitude": 11.5, "estimated_delivery_at": None,
    } | more  # fmt: skip


def refund_line(line_id: int = SHIRT, subtotal: float = 20.0, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": 1, "line_item_id": line_id, "quantity": quantity, "restock_type": "return", "location_id": 9,
        "subtotal": subtotal, "subtotal_set": money(f"{subtotal:.2f}"), "total_tax": 3.19, "line_item": item(line_id),
    } | more  # fmt: skip


def transaction(amount: str = "20.00", **more: Any) -> dict[str, Any]:
    return {
        "id": 2, "order_id": ORDER_ID, "kind": "refund", "status": "success", "amount": amount, "currency": "EUR",
        "gateway": "shopify_payments", "message": None, "error_code": None, "test": False, "processed_at": None,
        "created_at": "2026-03-12T11:00:00+01:00", "total_unsettled_set": money("0.00"),
    } | more  # fmt: skip


def refund(*lines: dict[str, Any], paid: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": 880_001, "order_id": ORDER_ID, "created_at": "2026-03-12T11:00:00+01:00",
        "processed_at": "2026-03-12T11:00:00+01:00", "note": "did not fit Ada", "restock": True,
        "refund_line_items": list(lines), "transactions": [transaction()] if paid is None else paid,
        "order_adjustments": [], "total_duties_set": money("0.00"), "return": None,
    } | more  # fmt: skip


def returning(**more: Any) -> dict[str, Any]:
    line = {"id": SHIRT, "admin_graphql_api_id": f"gid://shopify/LineItem/{SHIRT}"}
    return {
        "id": 660_001, "status": "requested", "name": "#1001-R1", "order": {"id": ORDER_ID},
        "total_return_line_items": 1,
        "return_line_items": [
            {"id": 1, "quantity": 1, "return_reason": "size_too_small", "return_reason_note": "too small for me",
             "customer_note": None, "fulfillment_line_item": {"id": 3, "line_item": line}},
        ],
    } | more  # fmt: skip


def consent(state: str, **more: Any) -> dict[str, Any]:
    return {
        "state": state,
        "opt_in_level": "confirmed_opt_in",
        "consent_updated_at": "2026-03-05T08:00:00+01:00",
    } | more
