"""Claims: money that a customer has to get back, since when, and whether they got it.

Owns what settles a claim: money for the pieces, as much money as they cost, or other goods instead. A claim rises
from a cancellation, from a return that the shop has received, and from a customer's wish to cancel instead of waiting.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from contracts.storefront import OrderRefunded, ReturnReceived, ReturnRequested
from orders_listener.parcels import Quantities, summed
from orders_listener.pictures import Picture
from orders_listener.refunds import owed_minor, paid_minor


class Claim(NamedTuple):
    """Money is owed."""

    subject: str
    """The order, or the return."""
    reason: str
    since: datetime
    owed_minor: int
    """As much money, where no other goods are sent instead."""


def claims_of(picture: Picture) -> Iterator[Claim]:
    """What is still owed, the whole order before its returns."""
    if picture.placed is None:
        return
    order_id = picture.placed.order_id
    if picture.paid_at is not None and not picture.delivered_at and not _paid_back(picture):
        wish = picture.cancellation_wish
        if picture.cancelled is not None:
            yield Claim(order_id, "cancelled", max(picture.cancelled.occurred_at, picture.paid_at), owed_minor(picture))
        elif wish is not None and not picture.over:
            yield Claim(order_id, "wished_to_cancel", wish.occurred_at, owed_minor(picture))
    for received in picture.all(ReturnReceived):
        if not _settled(picture, received):
            worth_minor = _worth_minor(picture, _wanted(picture, received))
            yield Claim(received.return_id, "returned", received.occurred_at, worth_minor)


def _paid_back(picture: Picture) -> bool:
    """Money for every piece that did not arrive, or all that was paid for the order."""
    return not picture.outstanding or _amount_minor(picture.refunds) >= paid_minor(picture)


def _settled(picture: Picture, received: ReturnReceived) -> bool:
    """Money for these pieces since the customer asked, as much as they cost, or other goods in their place."""
    asked_at = min(
        (asked.occurred_at for asked in picture.all(ReturnRequested) if asked.return_id == received.return_id),
        default=received.occurred_at,
    )
    since = min(asked_at, received.occurred_at)
    refunds = [refund for refund in picture.refunds if refund.occurred_at >= since]
    wanted = _wanted(picture, received)
    given = summed((line.line_id, line.quantity) for refund in refunds for line in refund.lines)
    return (
        all(given.get(line_id, 0) >= quantity for line_id, quantity in wanted.items() if line_id in picture.lines)
        or _amount_minor(refunds) >= _worth_minor(picture, wanted)
        or _exchanged(picture, wanted, since)
    )


def _wanted(picture: Picture, received: ReturnReceived) -> Quantities:
    """The pieces that came back."""
    return summed((line.line_id, line.quantity) for line in received.lines or picture.lines.values())


def _exchanged(picture: Picture, wanted: Quantities, since: datetime) -> bool:
    """A parcel went out after the customer asked, with the lines that came back or instead of one."""
    later = (p for p in picture.parcels.values() if p.announced is not None and p.announced.occurred_at >= since)
    return any(parcel.replaces is not None or not wanted.keys().isdisjoint(parcel.carries) for parcel in later)


def _worth_minor(picture: Picture, wanted: Quantities) -> int:
    lines = picture.lines
    return sum(
        lines[line_id].paid_minor * quantity // lines[line_id].quantity
        for line_id, quantity in wanted.items()
        if line_id in lines
    )


def _amount_minor(refunds: Iterable[OrderRefunded]) -> int:
    return sum(refund.amount_minor for refund in refunds)
