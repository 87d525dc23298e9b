"""Who somebody is, how they may be reached, and what they agreed to.

`CustomerUpdated` is whole, what is missing is forgotten; so it is said only where a way to reach somebody stands in the
hook. Consent is said only where somebody gave or took it back: never having been asked is no answer.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from contracts.storefront import ConsentChanged, CustomerUpdated
from contracts.vocabulary import Channel, Purpose
from orders_listener.ingest.hooks import Hook, Ignored, OfCustomer, Saying, read
from orders_listener.ingest.shopify.bodies import (
    Address,
    ConsentUpdate,
    Customer,
    MarketingConsent,
    Order,
)
from orders_listener.ingest.shopify.destinations import country_of, destination_of
from orders_listener.ingest.shopify.fields import happened, known_moment, locale_of, needed_id, sentence

ANSWERS: Final = {"subscribed": True, "unsubscribed": False}
"""`not_subscribed`, `pending` (asked, not confirmed), `invalid` and `redacted` are no answers."""
ADDRESS_LENGTHS = range(3, 321)


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customers/create`, `/update`, `/enable` and `/disable`. Raises `BadHook`."""
    body = read(Customer, hook)
    to = OfCustomer(needed_id("id", body.id, body.admin_graphql_api_id))
    at = known_moment(hook.received_at, body.updated_at, body.created_at) or hook.received_at
    contacts = contacts_of((body.email,), (body.phone,))
    said = [_known_as(to, body, body.default_address, contacts, body.locale, at)] if contacts else []
    said += _consents(to, body, at)
    return said or Ignored("nobody_to_reach")


def consent_heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customers_email_marketing_consent/update` and `customers_marketing_consent/update`. Raises `BadHook`."""
    body = read(ConsentUpdate, hook)
    to = OfCustomer(needed_id("customer_id", body.customer_id or body.id, body.admin_graphql_api_id))
    return list(_consents(to, body, hook.received_at)) or Ignored("no_answer_about_consent")


def buyer_said(to: OfCustomer, order: Order, received_at: datetime, *, first: bool) -> Iterator[Saying]:
    """The buyer as the order knows them. Whoever has an account is said at the first hook alone: later ones would
    bring back what `customers/update` has changed since."""
    customer = order.customer or Customer()
    guest = to.customer_id.startswith("guest:")
    contacts = contacts_of(
        (customer.email, order.contact_email, order.email), (customer.phone, order.phone)
    )  # fmt: skip
    if not contacts or not (guest or first):
        return
    address = customer.default_address or order.shipping_address or order.billing_address
    named = customer if customer.first_name or customer.last_name else address or Address()
    at = happened("created_at", received_at, order.updated_at if guest else order.created_at, order.created_at)
    yield _known_as(to, named, address, contacts, order.customer_locale or customer.locale, at)


def contacts_of(emails: Sequence[str | None], phones: Sequence[str | None]) -> list[dict[str, Any]]:
    """The first address of each channel that could be one."""
    ways = ((Channel.email, emails), (Channel.sms, phones))
    return [
        {"channel": channel, "address": found}
        for channel, written in ways
        if (found := next((text.strip() for text in written if text and len(text.strip()) in ADDRESS_LENGTHS), None))
    ]


def _known_as(
    to: OfCustomer, named: Customer | Address, address: Address | None, contacts: list[dict[str, Any]],
    locale: str | None, at: datetime,
) -> Saying:  # fmt: skip
    destination = destination_of(address) or {}
    who = {
        "occurred_at": at,
        "contacts": contacts,
        "given_name": sentence(named.first_name),
        "family_name": sentence(named.last_name),
        "locale": locale_of(locale),
        "zone": destination.get("zone"),
        "country": country_of(address),
    }
    return Saying(to, CustomerUpdated, who)


def _consents(to: OfCustomer, body: Customer | ConsentUpdate, at: datetime) -> Iterator[Saying]:
    ways = ((Channel.email, body.email_marketing_consent), (Channel.sms, body.sms_marketing_consent))
    for channel, consent in ways:
        given = ANSWERS.get((consent.state or "").casefold()) if consent else None
        if consent is not None and given is not None:
            yield Saying(
                to,
                ConsentChanged,
                {
                    "occurred_at": known_moment(at, consent.consent_updated_at) or at,
                    "channel": channel,
                    "purpose": Purpose.marketing,
                    "given": given,
                    "evidence": _evidence(consent),
                },
            )


def _evidence(consent: MarketingConsent) -> str:
    """Where and how it was said: `Shopify: subscribed, confirmed_opt_in, collected from SHOPIFY`."""
    source = consent.consent_collected_from
    said = (consent.state, consent.opt_in_level, f"collected from {source}" if source else None)
    return sentence("Shopify: " + ", ".join(filter(None, said))) or "Shopify"
