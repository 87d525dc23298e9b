"""Hooks as a shop on Shopify sends them: an order of three lines, some nine kilobytes, signed."""

import base64
import hmac
import json
from typing import Any

from deploy.local.ports import HOST

SECRET = "the secret of a shop that is measured"  # noqa: S105 nobody's
LINES, CUSTOMERS = 3, 10_000


def order(number: int) -> bytes:
    """The body: another order each time, of one of so many customers."""
    customer = b"77%08d" % (number % CUSTOMERS)
    return _BODY.replace(b"4500000000000", b"45%011d" % number).replace(b"7700000000", customer)


def customer_of(event_id: str) -> bytes:
    """Whose order the hook of this event is, without reading it."""
    return b"77%08d" % (int(event_id.rpartition("-")[2]) % CUSTOMERS)


def request(number: int, _: int = 0) -> bytes:
    """The whole request."""
    body = order(number)
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    head = (
        f"POST /v1/ingest/shopify HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"X-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: bench.myshopify.com\r\n"
        f"X-Shopify-Event-Id: event-{number}\r\nX-Shopify-Webhook-Id: delivery-{number}\r\n"
        f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Api-Version: 2025-01\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _money(amount: str) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": "EUR"}
    return {"shop_money": money, "presentment_money": money}


def _line(number: int) -> dict[str, Any]:
    tax = {"title": "VAT", "rate": 0.19, "price": "6.39", "price_set": _money("6.39"), "channel_liable": False}
    return {
        "id": 1_200_000_000_000 + number, "admin_graphql_api_id": f"gid://shopify/LineItem/{number:013}",
        "attributed_staffs": [], "current_quantity": 1, "fulfillable_quantity": 1, "fulfillment_service": "manual",
        "fulfillment_status": None, "gift_card": False, "grams": 340, "name": f"Linen shirt {number} - sand / M",
        "price": "40.00", "price_set": _money("40.00"), "product_exists": True, "product_id": 8_800_000_000 + number,
        "properties": [{"name": "engraving", "value": "none"}], "quantity": 1, "requires_shipping": True,
        "sku": f"LS-{number:04}-M", "taxable": True, "title": f"Linen shirt {number}", "total_discount": "0.00",
        "total_discount_set": _money("0.00"), "variant_id": 9_900_000_000 + number, "variant_title": "sand / M",
        "variant_inventory_management": "shopify", "vendor": "Nordlinnen", "tax_lines": [tax], "duties": [],
        "discount_allocations": [{"amount": "4.00", "amount_set": _money("4.00"), "discount_application_index": 0}],
    }  # fmt: skip


def _address() -> dict[str, Any]:
    return {
        "first_name": "Ada", "last_name": "Example", "address1": "Example street 1", "address2": None, "company": None,
        "phone": "+49300000000", "city": "Berlin", "zip": "10115", "province": "Berlin", "province_code": "BE",
        "country": "Germany", "country_code": "DE", "name": "Ada Example", "latitude": 52.53, "longitude": 13.38,
    }  # fmt: skip


def _order() -> dict[str, Any]:
    customer = {
        "id": 7_700_000_000, "email": "ada@shop.example", "created_at": "2026-01-01T10:00:00+01:00", "note": None,
        "updated_at": "2026-03-02T10:00:00+01:00", "first_name": "Ada", "last_name": "Example", "state": "enabled",
        "verified_email": True, "phone": None, "currency": "EUR", "tags": "", "tax_exempt": False, "tax_exemptions": [],
        "admin_graphql_api_id": "gid://shopify/Customer/7700000000", "default_address": _address(),
    }  # fmt: skip
    shipping = {
        "id": 3_300_000_000, "code": "standard", "title": "Standard", "price": "4.90", "price_set": _money("4.90"),
        "source": "shopify", "carrier_identifier": None, "discounted_price": "4.90", "tax_lines": [],
        "discounted_price_set": _money("4.90"), "discount_allocations": [], "is_removed": False, "phone": None,
    }  # fmt: skip
    amounts = {
        name: {name: amount, f"{name}_set": _money(amount)}
        for name, amount in (
            ("total_price", "112.90"), ("subtotal_price", "108.00"), ("total_discounts", "12.00"),
            ("total_line_items_price", "120.00"), ("total_tax", "18.03"), ("current_total_price", "112.90"),
            ("current_subtotal_price", "108.00"), ("current_total_tax", "18.03"),
        )
    }  # fmt: skip
    return {
        "id": 4_500_000_000_000, "admin_graphql_api_id": "gid://shopify/Order/4500000000000", "app_id": 580_111,
        "browser_ip": None, "buyer_accepts_marketing": False, "cancel_reason": None, "cancelled_at": None,
        "cart_token": None, "checkout_id": 5_100_000_000, "closed_at": None, "confirmed": True, "contact_email": None,
        "created_at": "2026-03-02T10:00:00+01:00", "currency": "EUR", "customer_locale": "de-DE", "email": "",
        "financial_status": "paid", "fulfillment_status": None, "gateway": "shopify_payments", "name": "#1001",
        "note": None, "note_attributes": [], "number": 1, "order_number": 1001, "phone": None, "po_number": None,
        "presentment_currency": "EUR", "processed_at": "2026-03-02T09:59:58+01:00", "referring_site": None,
        "source_name": "web", "tags": "", "tax_lines": [], "taxes_included": True, "test": False, "token": "0" * 32,
        "updated_at": "2026-03-02T10:00:01+01:00", "discount_codes": [{"code": "SPRING", "amount": "12.00"}],
        "discount_applications": [{"target_type": "line_item", "type": "discount_code", "value": "10.0"}],
        "line_items": [_line(number) for number in range(LINES)], "customer": customer,
        "billing_address": _address(), "shipping_address": _address(), "shipping_lines": [shipping],
        "fulfillments": [], "refunds": [], "payment_terms": None, "payment_gateway_names": ["shopify_payments"],
    } | {name: amount for pair in amounts.values() for name, amount in pair.items()}  # fmt: skip


_BODY = json.dumps(_order()).encode()
