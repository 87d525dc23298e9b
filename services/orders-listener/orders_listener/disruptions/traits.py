"""What a disruption can be declared about: the traits of an order that is underway.

Owns what counts as a trait and when an order has it. Must not know what was declared (declarations.py).
"""

from collections.abc import Iterable, Iterator

from orders_listener.disruptions.declarations import Traits, trait
from orders_listener.pictures import Picture
from orders_listener.remainders import unsent


def traits_of(picture: Picture) -> Traits:
    """By what an order can be concerned now; by nothing once nobody waits for it any more."""
    known: Traits | None = picture.remembered.get(traits_of)
    if known is None:
        known = picture.remembered[traits_of] = frozenset(_traits(picture))
    return known


def _traits(picture: Picture) -> Iterator[str]:
    if picture.placed is None or picture.over:
        return
    yield from _named("carrier", (parcel.announced.carrier for parcel in picture.awaited if parcel.announced))
    yield from _named("sku", (picture.lines[line_id].sku for line_id in picture.outstanding))
    warehouse_id = picture.placed.origin.warehouse_id if picture.placed.origin else None
    if warehouse_id and unsent(picture, [parcel for parcel in picture.parcels.values() if parcel.moved_at]):
        yield trait("warehouse_id", warehouse_id)
    if picture.destination:
        yield from _named("country", [picture.destination.country])
        yield from _named("region", [picture.destination.region])
        yield from _named("postcode_prefix", _prefixes(picture.destination.postcode_prefix or ""))


def _named(name: str, values: Iterable[str | None]) -> Iterator[str]:
    return (trait(name, value) for value in values if value)


def _prefixes(text: str) -> list[str]:
    """1, 10, 101: whoever declares may know less of a postcode than the order says."""
    return [text[:length] for length in range(1, len(text) + 1)]
