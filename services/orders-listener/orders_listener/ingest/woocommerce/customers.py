"""Who somebody is and how they may be reached.

`CustomerUpdated` is whole, what is missing is forgotten; so it is said only where a hook has a way to reach somebody.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from contracts.storefront import CustomerErased, CustomerUpdated
from contracts.vocabulary import Channel
from orders_listener.ingest.bodies import Part, document, part, text
from orders_listener.ingest.hooks import Hook, Ignored, OfCustomer, Saying
from orders_listener.ingest.woocommerce.fields import country_of, moment, needed_id

GUEST: Final = "guest:"
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_PHONE: Final = re.compile(r"\+[0-9]{8,15}", re.ASCII)


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customer.created` and `customer.updated`. Raises `BadHook`."""
    body = document(hook)
    to, billing = OfCustomer(needed_id(body)), part(body.get("billing"))
    at = moment(body, hook.received_at, "date_modified", "date_created") or hook.received_at
    who = body if text(body.get("first_name")) or text(body.get("last_name")) else billing
    said = _known_as(to, who, contacts_of(billing, body.get("email")), billing, at)
    return list(said) or Ignored("nobody_to_reach")


def deletion_heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customer.deleted`: the shop itself does not know them any more. Raises `BadHook`.

    The hook has nothing but an id; WooCommerce sends it once.
    """
    return [Saying(OfCustomer(needed_id(document(hook))), CustomerErased, {"occurred_at": hook.received_at})]


def buyer_said(to: OfCustomer, order: Part, at: datetime, *, first: bool) -> Iterator[Saying]:
    """The buyer as the order knows them. Who has an account is said with the new order alone: later hooks would bring
    back what `customer.updated` has changed since."""
    if first or to.customer_id.startswith(GUEST):
        billing = part(order.get("billing"))
        yield from _known_as(to, billing, contacts_of(billing, None), billing, at)


def contacts_of(billing: Part, email: object) -> list[dict[str, Any]]:
    """An e-mail address, and a phone number where it has its country: others cannot be reached from elsewhere."""
    addresses = (text(email), text(billing.get("email")))
    found = next((address for address in addresses if address and _EMAIL.fullmatch(address)), None)
    phone = re.sub(r"[\s().-]", "", text(billing.get("phone")) or "")
    contacts = [{"channel": Channel.email, "address": found}] if found else []
    return contacts + ([{"channel": Channel.sms, "address": phone}] if _PHONE.fullmatch(phone) else [])


def _known_as(
    to: OfCustomer, who: Part, contacts: list[dict[str, Any]], billing: Part, at: datetime
) -> Iterator[Saying]:
    if not contacts:
        return
    known = {
        "given_name": text(who.get("first_name")),
        "family_name": text(who.get("last_name")),
        "country": country_of(billing),
    }
    told = {name: value for name, value in known.items() if value}
    yield Saying(to, CustomerUpdated, {"occurred_at": at, "contacts": contacts} | told)
