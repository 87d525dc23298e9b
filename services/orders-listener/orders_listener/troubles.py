"""What shows that something is wrong with an order, one function per kind.

Owns what each trouble is called and says. Must not know what heals it (cures.py) or what was opened before.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.storefront import ShipmentStatus, UnavailableReason
from contracts.vocabulary import IssueKind, Severity, ShippedLine, Variant
from orders_listener.issues import Trouble, sentence, title_of, titled
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import end_of
from orders_listener.refunds import unpaid_of
from orders_listener.silences import Shown
from orders_listener.waits import time_of


def payment_failed(picture: Picture, at: datetime, _policy: Policy) -> Iterator[Trouble]:
    """The last attempt to pay failed."""
    failed = picture.payment_failed
    if failed is not None and picture.placed is not None:
        kept_until = end_of(failed.kept_until, picture.zone) if failed.kept_until else None
        yield Trouble(
            kind=IssueKind.payment_failed,
            subject=failed.order_id,
            severity=Severity.serious,
            reason="payment_failed",
            known="The payment for your order did not go through.",
            expected_next="A new attempt to pay",
            expected_by=kept_until if kept_until and kept_until > at else None,
            evidence=({"reason": failed.reason} if failed.reason else {}) | unpaid_of(picture),
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
            evidence={"reason": fact.reason}
            | ({"restock_at": restock} if restock else {})
            | titled(picture.lines.get(line_id)),
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
                | {f"sent_{name}"[:64]: value for name, value in sorted(wrong.items())}
                | titled(picture.lines.get(line_id)),
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
    return next((shipped.variant for shipped in _wrongly_packed(picture, line_id)), None)


def wrong_pieces(picture: Picture, line_id: str) -> int:
    """How many pieces of a line are not what was ordered or agreed; the whole line where only the shop has said so."""
    if wrong_variant(picture, line_id) is None:
        return 0
    packed, ordered = sum(shipped.quantity for shipped in _wrongly_packed(picture, line_id)), picture.lines[line_id]
    return min(packed or ordered.quantity, ordered.quantity)


def _wrongly_packed(picture: Picture, line_id: str) -> Iterator[ShippedLine]:
    announced = picture.substitutions.get(line_id)
    welcome = [picture.lines[line_id].variant] + ([announced.variant] if announced and announced.agreed else [])
    for parcel in picture.parcels.values():
        for shipped in parcel.announced.lines if parcel.announced else ():
            variant = shipped.variant
            if shipped.line_id == line_id and variant and all(differs(variant, wanted) for wanted in welcome):
                yield shipped


def differs(sent: Variant, wanted: Variant) -> bool:
    """Where both name something (colour, size …) and mean different things; letter case means nothing."""
    return any(
        name in wanted and value.strip().casefold() != wanted[name].strip().casefold() for name, value in sent.items()
    )


def by_status(
    kind: IssueKind, severity: Severity, known: str, expected_next: str, *, again: Severity | None = None
) -> Shown:
    """A trouble for each parcel that the carrier last reported with the status of the same name.

    Each time that a parcel comes to the status is a trouble of its own, `again` its severity from the second on; said
    again before anything else it is the same time, and as bad.
    """
    status = ShipmentStatus(kind)

    def shown(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
        for parcel in sorted(picture.parcels.values(), key=lambda parcel: parcel.shipment_id):
            if parcel.status is status:
                reports = sum(scan.status == status for scan in parcel.scans)
                yield Trouble(
                    kind=kind,
                    subject=time_of(parcel, frozenset({status})),
                    shipment_id=parcel.shipment_id,
                    line_ids=tuple(sorted(parcel.carries)),
                    severity=again if again and reports > 1 else severity,
                    reason=status,
                    known=known,
                    expected_next=expected_next,
                    evidence=parcel.evidence,
                )

    return shown


def fresh(shown: Shown) -> Shown:
    """Only what the carrier saw lately: what is over by now and heard of only today is history, not news."""

    def fresh_ones(picture: Picture, at: datetime, policy: Policy) -> Iterator[Trouble]:
        for trouble in shown(picture, at, policy):
            parcel = picture.parcels[trouble.shipment_id or ""]
            if at - parcel.scans[-1].occurred_at <= policy.news_lasts:
                yield trouble

    return fresh_ones


def either(*ways: Shown) -> Shown:
    """What shows itself in one way or another."""

    def shown(picture: Picture, at: datetime, policy: Policy) -> Iterator[Trouble]:
        for way in ways:
            yield from way(picture, at, policy)

    return shown


def _title(picture: Picture, line_id: str) -> str:
    return title_of(picture.lines.get(line_id))
