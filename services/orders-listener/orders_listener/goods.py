"""Lines by name: what customers are told that they bought, that lies in a parcel, that something is wrong with.

Owns what is said of goods and of the ways to them beside a fact. Must not know when anything is said.
"""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import IssueKind, NamedLine, OrderLine
from orders_listener.issues import Issue, titled
from orders_listener.parcels import Parcel, Quantities
from orders_listener.pictures import Picture

OF_THE_ORDER = frozenset(
    {
        IssueKind.payment_failed,
        IssueKind.fulfilment_stalled,
        IssueKind.delivery_at_risk,
        IssueKind.delivery_late,
        IssueKind.disruption,
    }
)
"""What concerns everything that is still waited for."""


def named_line(line: OrderLine, quantity: int) -> NamedLine:
    """So many pieces of it."""
    return NamedLine(
        line_id=line.line_id, quantity=quantity, sku=line.sku, title=titled(line).get("title"), variant=line.variant
    )


def named(picture: Picture, pieces: Quantities) -> tuple[NamedLine, ...]:
    """Those pieces, in the order in which they were ordered; lines that the order does not have are left out."""
    return tuple(named_line(line, pieces[line_id]) for line_id, line in picture.lines.items() if line_id in pieces)


def about(picture: Picture, issue: Issue) -> dict[str, Any]:
    """What an issue's facts say beside the issue: its goods, and where to pay or to look for the parcel."""
    parcel = picture.parcels.get(issue.shipment_id or "")
    pays = issue.kind is IssueKind.payment_failed and issue.is_open and picture.payment_failed
    return {
        "lines": named(picture, _pieces(picture, issue, parcel)),
        "pay_url": pays.retry_url if pays else None,
        **tracking(parcel),
    }


def tracking(parcel: Parcel | None) -> Mapping[str, str | None]:
    """Its number and the carrier's page of it, as far as the shop has said them."""
    announced = parcel.announced if parcel else None
    if announced is None:
        return {}
    return {"tracking_number": announced.tracking_number, "tracking_url": announced.tracking_url}


def _pieces(picture: Picture, issue: Issue, parcel: Parcel | None) -> Quantities:
    if "missing" in issue.evidence:
        return {issue.line_ids[0]: int(issue.evidence["missing"])}
    if parcel is not None:
        return parcel.carries
    if issue.line_ids:
        return {line_id: picture.lines[line_id].quantity for line_id in issue.line_ids if line_id in picture.lines}
    return picture.outstanding if issue.kind in OF_THE_ORDER else {}
