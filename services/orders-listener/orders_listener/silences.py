"""What is said when nothing happened for too long: one function per kind, each made of its waits.

Owns words and severities. Must not know when a silence is over (waits.py) or what ends it (cures.py).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from contracts.vocabulary import IssueKind, Severity
from orders_listener.claims import Claim, claims_of
from orders_listener.issues import Trouble, sentence, title_of, titled
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import day_in_words
from orders_listener.remainders import unsent
from orders_listener.waits import Wait, Waits, at_pickup_point, coming_back, handover, pickup, transit, waits_of
from orders_listener.waits import held as held_parcels
from orders_listener.waits import lost as lost_parcels
from orders_listener.waits import refund as refunds_owed
from orders_listener.waits import rest as rests

_LAST = timedelta(seconds=1)
"""What ends at midnight ends on the day before."""
Shown = Callable[[Picture, datetime, Policy], Iterable[Trouble]]
"""The troubles of one kind by what is known at a moment."""


class Saying(NamedTuple):
    """The words for one kind of wait."""

    kind: IssueKind
    waits: Waits
    severity: Severity
    worse: Severity
    """When it has lasted too long."""
    reason: str
    known: str
    """`{day}` is the day since when, `{due}` the last one on which nobody needed to worry."""
    expected_next: str


def silent(saying: Saying) -> Shown:
    """A trouble for each wait whose time is over, worse when it goes on."""

    def shown(picture: Picture, at: datetime, policy: Policy) -> Sequence[Trouble]:
        waits = waits_of(saying.waits, picture, policy)
        return [_trouble(saying, picture, wait, at) for wait in waits if at >= wait.due_at] if waits else ()

    return shown


def unless_late(shown: Shown) -> Shown:
    """Not at the moment at which the promise ends: then the order is late, and that says more.

    Later a silence is told of where no delay is open that absorbs it: the order was paid for after its promise, a lost
    parcel was found, another goes out in exchange. One without a scan may be what came under another number.
    """

    def shown_otherwise(picture: Picture, at: datetime, policy: Policy) -> Iterable[Trouble]:
        promise = picture.binding
        if promise is None or at < promise.ends_at:
            return shown(picture, at, policy)
        if at == max(promise.ends_at, promise.learned_at):
            return ()
        moving = {parcel.shipment_id for parcel in picture.moving}
        return [
            trouble
            for trouble in shown(picture, at, policy)
            if not picture.arrived_unannounced or trouble.shipment_id in moving
        ]

    return shown_otherwise


def _trouble(saying: Saying, picture: Picture, wait: Wait, at: datetime) -> Trouble:
    parcel, worse = wait.parcel, at >= wait.worse_at
    day, due = (day_in_words(one.astimezone(picture.zone).date()) for one in (wait.since, wait.due_at - _LAST))
    return Trouble(
        kind=saying.kind,
        subject=wait.subject,
        shipment_id=parcel.shipment_id if parcel else None,
        line_ids=tuple(sorted(parcel.carries)) if parcel else (),
        severity=saying.worse if worse else saying.severity,
        reason=saying.reason,
        known=sentence(saying.known.format(day=day, due=due)),
        expected_next=saying.expected_next,
        expected_by=None if worse or saying.severity is saying.worse else wait.worse_at,
        evidence={"since": wait.since.isoformat(), "due_at": wait.due_at.isoformat(), "limit": wait.limit}
        | (parcel.evidence if parcel else {}),
    )


fulfilment_stalled = unless_late(
    silent(
        Saying(
            IssueKind.fulfilment_stalled, handover, Severity.notice, Severity.serious, "not_handed_over",
            "Your order should have left us by {due}, and nothing of it has.", "The handover to the carrier",
        )
    )
)  # fmt: skip
pickup_stalled = unless_late(
    silent(
        Saying(
            IssueKind.pickup_stalled, pickup, Severity.notice, Severity.serious, "no_first_scan",
            "A parcel of your order was announced to the carrier on {day}, and the carrier has not scanned it yet.",
            "The first scan of the parcel",
        )
    )
)  # fmt: skip
transit_stalled = unless_late(
    silent(
        Saying(
            IssueKind.transit_stalled, transit, Severity.notice, Severity.serious, "no_scan",
            "The carrier has not scanned a parcel of your order since {day}.", "The next scan of the parcel",
        )
    )
)  # fmt: skip
lost_by_silence = silent(
    Saying(
        IssueKind.lost, lost_parcels, Severity.critical, Severity.critical, "silent_too_long",
        "The carrier has not scanned a parcel of your order since {day}; it must be counted as lost.",
        "A replacement or a refund",
    )
)  # fmt: skip
awaiting_pickup = silent(
    Saying(
        IssueKind.awaiting_pickup, at_pickup_point, Severity.notice, Severity.serious, "available_for_pickup",
        "A parcel of your order has been waiting to be picked up since {day}.", "That the parcel is picked up",
    )
)  # fmt: skip
held = silent(
    Saying(
        IssueKind.held, held_parcels, Severity.serious, Severity.critical, "held",
        "A parcel of your order has been held on its way since {day}.", "The next scan of the parcel",
    )
)  # fmt: skip
returned_to_sender = silent(
    Saying(
        IssueKind.returned_to_sender, coming_back, Severity.serious, Severity.critical, "returned",
        "A parcel of your order could not be delivered and has been on its way back to us since {day}.",
        "The parcel sent again, or a refund",
    )
)  # fmt: skip


def item_missing(picture: Picture, at: datetime, policy: Policy) -> Iterator[Trouble]:
    """Each line of which pieces were never sent. Those that are not available have a trouble already."""
    for wait in waits_of(rests, picture, policy):
        if at < wait.due_at:
            return
        for line_id, pieces in sorted(unsent(picture, picture.parcels.values()).items()):
            if line_id not in picture.unavailable:
                yield _missing(picture, line_id, pieces, wait, at)


def _missing(picture: Picture, line_id: str, pieces: int, wait: Wait, at: datetime) -> Trouble:
    ordered, worse = picture.lines[line_id].quantity, at >= wait.worse_at
    title = title_of(picture.lines[line_id])
    some = "was" if pieces == ordered == 1 else f"{pieces} of {ordered} pieces were"
    return Trouble(
        kind=IssueKind.item_missing,
        subject=line_id,
        line_ids=(line_id,),
        severity=Severity.critical if worse else Severity.serious,
        reason="sent_without_it",
        known=sentence(f"{title}: {some} in none of the parcels that we sent."),
        expected_next="The missing pieces sent, or a refund",
        expected_by=None if worse else wait.worse_at,
        evidence={"ordered": str(ordered), "missing": str(pieces), "last_sent_at": wait.since.isoformat()}
        | titled(picture.lines[line_id]),
    )


WHY_OWED = {
    "cancelled": "Your order was cancelled",
    "wished_to_cancel": "You asked for your money back",
    "returned": "We received what you sent back",
}


def refund_overdue(picture: Picture, at: datetime, policy: Policy) -> Iterator[Trouble]:
    """Each claim that was not settled in time."""
    overdue = [wait for wait in waits_of(refunds_owed, picture, policy) if at >= wait.due_at]
    claims = {claim.subject: claim for claim in claims_of(picture)} if overdue else {}
    for wait in overdue:
        day, worse = day_in_words(wait.since.astimezone(picture.zone).date()), at >= wait.worse_at
        claim = claims[wait.subject]
        yield Trouble(
            kind=IssueKind.refund_overdue,
            subject=wait.subject,
            severity=Severity.critical if worse else Severity.serious,
            reason=claim.reason,
            known=sentence(f"{WHY_OWED[claim.reason]} on {day}, and you have not got your money back yet."),
            expected_next="The refund",
            expected_by=None if worse else wait.worse_at,
            evidence={"since": wait.since.isoformat(), "limit": wait.limit, "reason": claim.reason}
            | _owed(picture, claim),
        )


def _owed(picture: Picture, claim: Claim) -> dict[str, str]:
    """How much, where that is known."""
    if picture.placed is None or not claim.owed_minor:
        return {}
    return {"amount_minor": str(claim.owed_minor), "currency": picture.placed.currency}
