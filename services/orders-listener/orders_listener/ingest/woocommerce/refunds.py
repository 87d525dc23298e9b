"""Refunds. An order's hook has the id and the amount of each, below nothing, and neither lines nor dates."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from contracts.storefront import OrderRefunded
from orders_listener.ingest.bodies import Part, identifier, parts
from orders_listener.ingest.hooks import OfCustomer, Saying
from orders_listener.ingest.woocommerce.fields import minor, status_of


class Refund(NamedTuple):
    """Money given back."""

    refund_id: str
    amount_minor: int


def refunds_said(
    to: OfCustomer, order: Part, order_id: str, placed: Mapping[str, Any], at: datetime
) -> Iterator[Saying]:
    """Each refund, at the time of the first hook that has it: a refund counts once by its id.

    Part of the money is a gesture, because nobody says for what. With the last of it every line was given back.
    """
    refunds = _refunds(order, placed["currency"])
    given_minor = sum(refund.amount_minor for refund in refunds)
    is_all = status_of(order) == "refunded" or given_minor >= placed["total_minor"] > 0
    for place, refund in enumerate(refunds, start=1):
        lines = [_given_back(line) for line in placed["lines"]] if is_all and place == len(refunds) else []
        told = {
            "order_id": order_id,
            "refund_id": refund.refund_id,
            "occurred_at": at,
            "amount_minor": refund.amount_minor,
        }
        yield Saying(to, OrderRefunded, told | ({"lines": lines} if lines else {}))


def _refunds(order: Part, currency: str) -> list[Refund]:
    """The oldest first."""
    found: dict[str, Refund] = {}
    for one in parts(order.get("refunds")):
        refund_id = identifier(one.get("id"))
        amount_minor = abs(minor(currency, "refunds.total", one.get("total")))
        if refund_id is not None and amount_minor:
            found[refund_id] = Refund(refund_id, amount_minor)
    return sorted(found.values(), key=lambda refund: (len(refund.refund_id), refund.refund_id))


def _given_back(line: Mapping[str, Any]) -> dict[str, Any]:
    return {"line_id": line["line_id"], "quantity": line["quantity"], "amount_minor": line["paid_minor"]}
