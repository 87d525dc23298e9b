"""Refunds: what is said of money that went back, and how much has not yet.

Owns amounts and days. Must not know why money is owed (claims.py).
"""

from datetime import datetime

from contracts.storefront import OrderPaid, OrderRefunded
from orders_listener.pictures import Picture
from orders_listener.promises import end_of


def expected_by(picture: Picture, refund: OrderRefunded) -> datetime | None:
    """When the customer should have it at the latest."""
    return end_of(refund.expected_by, picture.zone) if refund.expected_by else None


def paid_minor(picture: Picture) -> int:
    """What was paid in all."""
    return sum(paid.amount_minor for paid in picture.all(OrderPaid))


def owed_minor(picture: Picture) -> int:
    """What was paid and not given back."""
    return max(paid_minor(picture) - sum(refund.amount_minor for refund in picture.refunds), 0)


def unpaid_of(picture: Picture) -> dict[str, str]:
    """What is still to be paid, as evidence; nothing where that is not known."""
    rest_minor = picture.total_minor - paid_minor(picture)
    if picture.placed is None or rest_minor <= 0:
        return {}
    return {"amount_minor": str(rest_minor), "currency": picture.placed.currency}


def evidence_of(picture: Picture) -> dict[str, str]:
    """The last refund, for an issue that it ended: how much, how and until when."""
    if not picture.refunds or picture.placed is None:
        return {}
    refund = picture.refunds[-1]
    by = expected_by(picture, refund)
    said = {
        "refund_id": refund.refund_id,
        "amount_minor": str(refund.amount_minor),
        "currency": picture.placed.currency,
        "way": refund.way,
        "refund_by": by.isoformat() if by else None,
    }
    return {name: value for name, value in said.items() if value}
