"""What shows that something is wrong with an order, one function per kind.

Owns what each trouble is called and says. Must not know what heals it (cures.py) or what was opened before.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from contracts.storefront import ShipmentStatus, UnavailableReason
from contracts.vocabulary import IssueKind, Severity, Variant
from orders_listener.issues import Trouble, sentence
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import end_of

LONGEST_TITLE = 120
Shown = Callable[[Picture, datetime, Policy], Iterator[Trouble]]
"""The troubles of one kind by what is known at a moment."""


def payment_failed(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
    """The last attempt to pay failed."""
    failed = picture.payment_failed
    if failed is not None and picture.placed is not None:
        yield Trouble(
            kind=IssueKind.payment_failed,
            subject=failed.order_id,
            severity=Severity.serious,
            reason="payment_failed",
            known="The payment for your order did not go through.",
            expected_next="A new attempt to pay",
            evidence={"reason": failed.reason} if failed.reason else {},
        )


WHY_UNAVAILABLE = {
    UnavailableReason.out_of_stock: "it is out of stock",
    UnavailableReason.backordered: "it is on back order",
    UnavailableReason.discontinued: "it is no longer made",
}


def item_unavailable(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
    """Each line that was last said to be unavailable; each time that it became so is a trouble of its own."""
    for line_id, fact in sorted(picture.unavailable.items()):
        restock, times = fact.restock_at, picture.shortages(line_id)
        yield Trouble(
            kind=IssueKind.item_unavailable,
            subject=line_id if times == 1 else f"{line_id} {times}",  # which no line id contains
            line_ids=(line_id,),
            severity=Severity.serious,
            reason=fact.reason,
            known=sentence(f"{_title(picture, line_id)} cannot be sent now: {WHY_UNAVAILABLE[fact.reason]}."),
            expected_next="Back in stock" if restock else None,
            expected_by=end_of(restock, picture.zone) if restock else None,
            evidence={"reason": fact.reason} | ({"restock_at": restock} if restock else {}),
        )


def item_substituted(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
    """Each line of which another variant goes out than was ordered or agreed."""
    for line_id in sorted(picture.lines):
        wrong = wrong_variant(picture, line_id)
        if wrong is not None:
            ordered = picture.lines[line_id].variant
            yield Trouble(
                kind=IssueKind.item_substituted,
                subject=line_id,
                line_ids=(line_id,),
                severity=Severity.serious,
                reason="variant_differs",
                known=sentence(f"{_title(picture, line_id)} was sent in another variant than ordered."),
                expected_next="A replacement or a refund",
                evidence={f"ordered_{name}"[:64]: value for name, value in sorted(ordered.items())}
                | {f"sent_{name}"[:64]: value for name, value in sorted(wrong.items())},
            )


def wrong_variant(picture: Picture, line_id: str) -> Variant | None:
    """The variant that should not have gone out, announced by the shop or found in a parcel.

    None for a line that the order does not have (any more): nothing is wrong with what nobody ordered.
    """
    if line_id not in picture.lines:
        return None
    announced = picture.substitutions.get(line_id)
    if announced is not None and not announced.agreed:
        return announced.variant
    welcome = [picture.lines[line_id].variant] + ([announced.variant] if announced else [])
    for parcel in picture.parcels.values():
        for variant in parcel.variants_of(line_id):
            if all(differs(variant, wanted) for wanted in welcome):
                return variant
    return None


def differs(sent: Variant, wanted: Variant) -> bool:
    """Where both name something (colour, size …) and mean different things; letter case means nothing."""
    return any(
        name in wanted and value.strip().casefold() != wanted[name].strip().casefold() for name, value in sent.items()
    )


def by_status(kind: IssueKind, severity: Severity, known: str) -> Shown:
    """A trouble for each parcel that the carrier last reported with the status of the same name."""
    status = ShipmentStatus(kind)

    def shown(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
        for parcel in sorted(picture.parcels.values(), key=lambda parcel: parcel.shipment_id):
            if parcel.status == status:
                yield Trouble(
                    kind=kind,
                    subject=parcel.shipment_id,
                    shipment_id=parcel.shipment_id,
                    line_ids=tuple(sorted(parcel.carries)),
                    severity=severity,
                    reason=status,
                    known=known,
                    evidence=parcel.evidence,
                )

    return shown


def _title(picture: Picture, line_id: str) -> str:
    title = picture.lines[line_id].title if line_id in picture.lines else None
    return title[:LONGEST_TITLE] if title and title.strip() else "An item of your order"
