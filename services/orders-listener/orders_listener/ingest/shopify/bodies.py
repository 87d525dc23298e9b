"""The parts of Shopify's bodies that are read, all of them optional: what is missing is decided where it is needed.

Fields are called as Shopify calls them (shopify.dev, REST Admin API 2025-01). Whatever else stands in a body is left
alone, so that a newer version of the API does not break anything.
"""

from typing import Any

from msgspec import Struct

from orders_listener.ingest.money import Amount
from orders_listener.ingest.shopify.fields import Id, Written


class Money(Struct):
    amount: Amount = None
    currency_code: str | None = None


class MoneySet(Struct):
    """An amount in the shop's currency, and in the one that the customer was shown."""

    shop_money: Money | None = None
    presentment_money: Money | None = None


class Named(Struct):
    """Something that is only pointed at."""

    id: Id = None
    admin_graphql_api_id: Id = None


class Address(Struct):
    first_name: str | None = None
    last_name: str | None = None
    country_code: str | None = None
    province_code: str | None = None
    zip: str | int | None = None


class DiscountAllocation(Struct):
    amount: Amount = None
    amount_set: MoneySet | None = None


class LineItem(Struct):
    id: Id = None
    admin_graphql_api_id: Id = None
    sku: str | int | None = None
    title: str | None = None
    name: str | None = None
    variant_title: str | None = None
    variant_id: Id = None
    product_id: Id = None
    quantity: int | None = None
    price: Amount = None
    price_set: MoneySet | None = None
    total_discount: Amount = None
    discount_allocations: list[DiscountAllocation] | None = None
    gift_card: bool | None = None
    requires_shipping: bool | None = None
    tip_payment_gateway: Any = None


class Transaction(Struct):
    id: Id = None
    order_id: Id = None
    kind: str | None = None
    status: str | None = None
    amount: Amount = None
    currency: str | None = None
    total_unsettled_set: MoneySet | None = None
    message: str | None = None
    error_code: str | None = None
    created_at: Written = None
    processed_at: Written = None
    test: bool | None = None


class RefundLineItem(Struct):
    line_item_id: Id = None
    line_item: LineItem | None = None
    quantity: int | None = None
    restock_type: str | None = None
    location_id: Id = None
    subtotal: Amount = None
    subtotal_set: MoneySet | None = None
    total_tax: Amount = None


class Refund(Struct, rename={"return_": "return"}):
    id: Id = None
    admin_graphql_api_id: Id = None
    order_id: Id = None
    created_at: Written = None
    processed_at: Written = None
    refund_line_items: list[RefundLineItem] | None = None
    transactions: list[Transaction] | None = None
    total_duties_set: MoneySet | None = None
    return_: Named | None = None


class Fulfillment(Struct):
    id: Id = None
    admin_graphql_api_id: Id = None
    order_id: Id = None
    status: str | None = None
    shipment_status: str | None = None
    created_at: Written = None
    updated_at: Written = None
    line_items: list[LineItem] | None = None
    tracking_company: str | None = None
    tracking_number: str | int | None = None
    tracking_numbers: list[str | int | None] | None = None
    tracking_url: str | None = None
    estimated_delivery_at: Written = None


class FulfillmentEvent(Struct):
    fulfillment_id: Id = None
    order_id: Id = None
    status: str | None = None
    message: str | None = None
    city: str | None = None
    province: str | None = None
    country: str | None = None
    happened_at: Written = None
    created_at: Written = None
    estimated_delivery_at: Written = None


class MarketingConsent(Struct):
    state: str | None = None
    opt_in_level: str | None = None
    consent_updated_at: Written = None
    consent_collected_from: str | None = None


class Customer(Struct):
    id: Id = None
    admin_graphql_api_id: Id = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    default_address: Address | None = None
    created_at: Written = None
    updated_at: Written = None
    email_marketing_consent: MarketingConsent | None = None
    sms_marketing_consent: MarketingConsent | None = None


class DiscountCode(Struct):
    code: str | None = None


class ShippingLine(Struct):
    price: Amount = None
    discounted_price: Amount = None
    is_removed: bool | None = None


class NoteAttribute(Struct):
    name: Any = None
    value: Any = None


class Order(Struct):
    id: Id = None
    admin_graphql_api_id: Id = None
    test: bool | None = None
    currency: str | None = None
    created_at: Written = None
    processed_at: Written = None
    updated_at: Written = None
    cancelled_at: Written = None
    cancel_reason: str | None = None
    customer: Customer | None = None
    email: str | None = None
    contact_email: str | None = None
    phone: str | None = None
    customer_locale: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    financial_status: str | None = None
    paid_at: Written = None
    """Known to the admin's export alone."""
    payment_gateway_names: list[str | None] | None = None
    payment_terms: Any = None
    source_name: str | None = None
    discount_codes: list[DiscountCode] | None = None
    line_items: list[LineItem] | None = None
    shipping_lines: list[ShippingLine] | None = None
    total_shipping_price_set: MoneySet | None = None
    total_price: Amount = None
    total_price_set: MoneySet | None = None
    total_tax: Amount = None
    taxes_included: bool | None = None
    note_attributes: list[NoteAttribute] | None = None
    fulfillments: list[Fulfillment] | None = None
    refunds: list[Refund] | None = None


class ConsentUpdate(Struct):
    """Both topics about consent; one calls the customer `id`, the other `customer_id`."""

    id: Id = None
    customer_id: Id = None
    admin_graphql_api_id: Id = None
    email_marketing_consent: MarketingConsent | None = None
    sms_marketing_consent: MarketingConsent | None = None


class ReturnedFrom(Struct):
    line_item: Named | None = None


class ReturnLineItem(Struct):
    quantity: int | None = None
    return_reason: str | None = None
    fulfillment_line_item: ReturnedFrom | None = None


class Return(Struct):
    id: Id = None
    admin_graphql_api_id: Id = None
    order: Named | None = None
    order_id: Id = None
    created_at: Written = None
    return_line_items: list[ReturnLineItem] | None = None


class PrivacyRequest(Struct):
    """`customers/redact` and `customers/data_request`."""

    customer: Named | None = None
    orders_to_redact: list[Id] | None = None
    orders_requested: list[Id] | None = None
    data_request: Named | None = None
