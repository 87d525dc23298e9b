"""Hooks: what a provider's module is given, and what it says of it. Pure, and knows no provider.

A module answers `heard(hook)` with whatever the hook tells, each piece under the name that the provider knows: a
customer, an order or a parcel. Who that is with us is looked up later, by somebody else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from contracts import Fact

T = TypeVar("T")


class Hook(NamedTuple):
    """One delivery of a provider, its signature checked."""

    topic: str
    """What the provider calls it: `orders/create`, `tracking_update`."""
    key: str
    """The provider's own dedupe key: the same for every attempt to deliver the same news."""
    source: str
    """CloudEvents source of what follows: provider and shop, `/shopify/berlin.myshopify.com`."""
    body: bytes
    received_at: datetime


class OfCustomer(NamedTuple):
    """The hook names the customer."""

    customer_id: str


class OfOrder(NamedTuple):
    """The hook names an order and not whose it is: `customer_id` is filled in from the order."""

    order_id: str


class OfParcel(NamedTuple):
    """The hook knows a carrier's number alone: customer, order and shipment are filled in from who claims it."""

    carrier: str
    """As `carriers.name_of` writes it."""
    tracking_number: str


Of: TypeAlias = OfCustomer | OfOrder | OfParcel


class Saying(NamedTuple):
    """A storefront fact, whole but for the ids that `of` will fill in."""

    of: Of
    fact: type[Fact]
    data: Mapping[str, Any]
    """Fields of the fact in the forms of JSON, or `datetime`; without `customer_id`, and for a parcel without
    `order_id` and `shipment_id`."""
    past: bool = False
    """It was long ago and comes up again: whatever follows from it at once is told to nobody (`contracts.past`)."""


class Ignored(NamedTuple):
    """Nothing follows from the hook."""

    reason: str
    """A code of a few words, snake_case: it is counted under this name."""


class BadHook(ValueError):
    """The body is not what the provider says it sends: `field` and what is wrong, never its content."""


def read(form: type[T], hook: Hook) -> T:
    """The body in the form that the module needs of it; whatever else stands there is left alone.

    Raises `BadHook`.
    """
    try:
        return msgspec.json.decode(hook.body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadHook(str(error)) from error
