"""What heals an issue, one predicate per reason. Used before opening too: what is healed already never opens.

Owns nothing but these predicates. Must not know the table that combines them (rules.py).
"""

from collections.abc import Callable

from contracts.storefront import ShipmentStatus
from orders_listener.issues import Issue
from orders_listener.parcels import MOVED, Parcel, replacements_delivered
from orders_listener.pictures import Picture
from orders_listener.troubles import differs, wrong_variant

Cure = Callable[[Picture, Issue], bool]


def cancelled(picture: Picture, _issue: Issue) -> bool:
    """Nothing more will be sent."""
    return picture.cancelled is not None


def order_delivered(picture: Picture, _issue: Issue) -> bool:
    """Everything is there."""
    return picture.delivered_at is not None


def order_given_back(picture: Picture, _issue: Issue) -> bool:
    """Money back for everything."""
    return picture.given_back


def delay_accepted(picture: Picture, issue: Issue) -> bool:
    """The customer will wait."""
    return issue.issue_id in picture.accepted_issues


def promise_moved(picture: Picture, issue: Issue) -> bool:
    """A later date was given, and it had not passed when we heard of it."""
    new = picture.promised
    return (
        new is not None
        and issue.promised_by is not None
        and new.ends_at > issue.promised_by
        and new.ends_at > new.learned_at
    )


def paid(picture: Picture, _issue: Issue) -> bool:
    """A later attempt succeeded."""
    return picture.paid_at is not None and picture.payment_failed is None


def line_available(picture: Picture, issue: Issue) -> bool:
    """It can be sent again."""
    return _line(issue) not in picture.unavailable


def substitution_agreed(picture: Picture, issue: Issue) -> bool:
    """The customer takes the other variant, and no third one was sent."""
    last = picture.substitutions.get(_line(issue))
    return last is not None and last.agreed and wrong_variant(picture, _line(issue)) is None


def variant_right(picture: Picture, issue: Issue) -> bool:
    """The order or the parcel turned out to be different from what was said before, or the line was struck."""
    return wrong_variant(picture, _line(issue)) is None


def line_refunded(picture: Picture, issue: Issue) -> bool:
    """Money back for pieces of the line."""
    return _line(issue) in picture.refunded


def line_given_back(picture: Picture, issue: Issue) -> bool:
    """Money back for every piece that did not arrive."""
    return line_refunded(picture, issue) and _line(issue) not in picture.outstanding


def line_delivered(picture: Picture, issue: Issue) -> bool:
    """The customer has it after all."""
    arrived = _line(issue) in picture.lines and _line(issue) not in picture.outstanding
    return arrived or picture.delivered_at is not None


def line_struck(picture: Picture, issue: Issue) -> bool:
    """The order was changed and does not have the line any more."""
    return bool(picture.lines) and _line(issue) not in picture.lines


def line_replaced(picture: Picture, issue: Issue) -> bool:
    """What was ordered came in a later parcel sent instead."""
    wanted = picture.lines[_line(issue)].variant if _line(issue) in picture.lines else {}
    return any(
        parcel.replaces is not None
        and parcel.delivered_at is not None
        and _line(issue) in parcel.carries
        and not any(differs(variant, wanted) for variant in parcel.variants_of(_line(issue)))
        for parcel in picture.parcels.values()
    )


def parcel_replaced(picture: Picture, issue: Issue) -> bool:
    """Another parcel came in its place."""
    return bool(replacements_delivered(issue.subject, picture.parcels))


def parcel_refunded(picture: Picture, issue: Issue) -> bool:
    """Money back for every line it carried, or for the whole order."""
    lines = _parcel(picture, issue).carries
    return picture.given_back or (bool(lines) and all(line_id in picture.refunded for line_id in lines))


def parcel_delivered(picture: Picture, issue: Issue) -> bool:
    """It came after all."""
    return _parcel(picture, issue).delivered_at is not None


def parcel_moved(picture: Picture, issue: Issue) -> bool:
    """It was seen on its way again."""
    status = _parcel(picture, issue).status
    return status in MOVED and status != ShipmentStatus(issue.kind)


def _parcel(picture: Picture, issue: Issue) -> Parcel:
    return picture.parcels[issue.subject]


def _line(issue: Issue) -> str:
    """The line that it is about; its subject may count the times as well."""
    return issue.line_ids[0]
