"""What heals an issue, one predicate per reason. Used before opening too: what is healed already never opens.

Owns nothing but these predicates. Must not know the table that combines them (rules.py).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from contracts.storefront import ShipmentStatus
from contracts.vocabulary import IssueKind
from orders_listener.claims import claims_of
from orders_listener.issues import Issue
from orders_listener.parcels import MOVED, ONWARD, Parcel, chain_of, replacements_delivered, summed
from orders_listener.pictures import Picture
from orders_listener.remainders import sent_before, sent_before_or_arrived, unsent
from orders_listener.troubles import differs, wrong_pieces, wrong_variant
from orders_listener.waits import AT_PICKUP_POINT, COMING_BACK, HELD

Cure = Callable[[Picture, Issue], bool]
GONE = COMING_BACK.statuses | {ShipmentStatus.lost, ShipmentStatus.damaged}
"""A parcel of which nobody expects any more that it comes."""


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


def wrong_pieces_refunded(picture: Picture, issue: Issue) -> bool:
    """Money back for every piece that is not what was ordered, and as much as they cost.

    Less, or for fewer of them, makes the price right and not the article: then the customer has to agree to it.
    """
    line, wrong = picture.lines.get(_line(issue)), wrong_pieces(picture, _line(issue))
    given = [part for refund in picture.refunds for part in refund.lines if part.line_id == _line(issue)]
    return (
        line is not None
        and 0 < wrong <= sum(part.quantity for part in given)
        and sum(part.amount_minor for part in given) >= line.paid_minor * wrong // line.quantity
    )


def line_given_back(picture: Picture, issue: Issue) -> bool:
    """Money back for every piece that did not arrive."""
    return _line(issue) in picture.refunded and _line(issue) not in picture.outstanding


def rest_refunded(picture: Picture, issue: Issue) -> bool:
    """Money back for every piece that was missing."""
    line_id = _line(issue)
    return line_id in picture.refunded and line_id not in unsent(picture, sent_before(picture, issue.opened_at))


def rest_delivered(picture: Picture, issue: Issue) -> bool:
    """What was missing came later, or money came back for what did not."""
    return _line(issue) not in unsent(picture, sent_before_or_arrived(picture, issue.opened_at))


def nothing_missing(picture: Picture, issue: Issue) -> bool:
    """It had been sent after all: a parcel turned out to hold it. Or fewer pieces are wanted now."""
    return _line(issue) not in unsent(picture, sent_before(picture, issue.opened_at))


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
    """Other parcels came in its place, with every piece that is waited for; money came back for the rest."""
    parcel = _parcel(picture, issue)
    came = replacements_delivered(parcel.shipment_id, picture.parcels)
    return bool(came) and _made_up_for(picture, parcel, came)


def parcel_resent(picture: Picture, issue: Issue) -> bool:
    """Other parcels are on their way in its place, with every piece that is waited for."""
    lost = _parcel(picture, issue)
    sent = [
        parcel
        for parcel in picture.parcels.values()
        if parcel.moved_at is not None and lost.shipment_id in chain_of(parcel, picture.parcels)[1:]
    ]
    return bool(sent) and _made_up_for(picture, lost, sent)


def _made_up_for(picture: Picture, parcel: Parcel, instead: Sequence[Parcel]) -> bool:
    """Every piece of the parcel lies in one of the others, was paid back, or is not waited for any more."""
    held, refunded = summed(piece for other in instead for piece in other.carries.items()), picture.refunded
    return all(
        line_id not in picture.outstanding or held.get(line_id, 0) + refunded.get(line_id, 0) >= quantity
        for line_id, quantity in parcel.carries.items()
    )


def parcel_refunded(picture: Picture, issue: Issue) -> bool:
    """Money back for every piece it carried beside those of other parcels that will not come, or for the order."""
    parcel = _parcel(picture, issue)
    gone = [other for other in picture.underway if other.status in GONE and other is not parcel]
    owed = summed(piece for one in (parcel, *gone) for piece in one.carries.items())
    whole = bool(parcel.carries) and all(
        picture.refunded.get(line_id, 0) >= owed[line_id] for line_id in parcel.carries
    )
    return picture.given_back or whole


def parcel_delivered(picture: Picture, issue: Issue) -> bool:
    """It came after all."""
    return _parcel(picture, issue).delivered_at is not None


def parcel_moved(picture: Picture, issue: Issue) -> bool:
    """It was seen on its way again."""
    status = _parcel(picture, issue).status
    return status in ONWARD and status not in STATUSES_OF.get(issue.kind, ())


def nobody_waits_for_it(picture: Picture, issue: Issue) -> bool:
    """It came, or everything did without it."""
    parcel = _parcel(picture, issue)
    return parcel.delivered_at is not None or (picture.delivered_at is not None and parcel not in picture.awaited)


def parcel_found(picture: Picture, issue: Issue) -> bool:
    """It was seen again, even if on its way back."""
    parcel = _parcel(picture, issue)
    return parcel.status in MOVED and parcel.evidence.get("last_scan_at") != issue.evidence.get("last_scan_at")


def parcel_seen(picture: Picture, issue: Issue) -> bool:
    """Somebody saw it after the silence began, and that was not as long ago when we heard of it."""
    parcel, learned_at = _parcel(picture, issue), picture.learned_at
    since = datetime.fromisoformat(issue.evidence["since"])
    if parcel.seen_at is None or learned_at is None or parcel.seen_at <= since or parcel.status not in ONWARD:
        return False
    return learned_at - parcel.seen_at < issue.opened_at - since


def parcel_handed_over(picture: Picture, issue: Issue) -> bool:
    """It has left the shop."""
    return _parcel(picture, issue).moved_at is not None


def handed_over(picture: Picture, _issue: Issue) -> bool:
    """Something of the order has left the shop."""
    return picture.first_moved is not None


def claim_paid(picture: Picture, issue: Issue) -> bool:
    """The money is back."""
    since = datetime.fromisoformat(issue.evidence["since"])
    return claim_settled(picture, issue) and any(refund.occurred_at >= since for refund in picture.refunds)


def claim_settled(picture: Picture, issue: Issue) -> bool:
    """Nothing is owed any more: other goods were sent, or what somebody wanted to cancel has come."""
    return all(claim.subject != issue.subject for claim in claims_of(picture))


STATUSES_OF = {
    IssueKind.attempt_failed: {ShipmentStatus.attempt_failed},
    IssueKind.awaiting_pickup: AT_PICKUP_POINT.statuses,
    IssueKind.held: HELD.statuses,
    IssueKind.returned_to_sender: COMING_BACK.statuses,
}
"""The statuses that are the trouble themselves."""


def _parcel(picture: Picture, issue: Issue) -> Parcel:
    return picture.parcels[issue.shipment_id or issue.subject]


def _line(issue: Issue) -> str:
    """The line that it is about; its subject may count the times as well."""
    return issue.line_ids[0]
