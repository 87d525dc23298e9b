"""The table of issues: kind, what shows it, what heals it, which worse kind absorbs it, when somebody looks.

Owns the combination only; the functions are in troubles.py, silences.py, delays.py, cures.py and
disruptions/concerns.py. What shows itself by time alone, or because staff says so, is asked for with every item, and
`watch` sees to it that there is one at the moment.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from contracts.orders import Resolution
from contracts.vocabulary import IssueKind, Severity
from orders_listener import cures, delays, risks, silences, troubles
from orders_listener.cures import Cure
from orders_listener.disruptions import concerns
from orders_listener.issues import Issue, Why
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.silences import Shown
from orders_listener.watch import DeadlineKind


class Rule(Struct, frozen=True, kw_only=True):
    """One row of the table."""

    kind: IssueKind
    shown: Shown
    cures: Mapping[Resolution, Cure]
    """The first that applies ends the issue."""
    absorbed_by: frozenset[IssueKind] = frozenset()
    silenced_by: frozenset[IssueKind] = frozenset()
    """Not opened while one of these is open (nor while an absorbing kind is)."""
    opens_at: DeadlineKind | None = None
    """Opened only when this deadline comes: that nothing happened is the trouble."""
    spared: Callable[[Picture, datetime, Policy], Why | None] | None = None
    """Why nothing was shown when the deadline came; None where that is not worth a word."""
    why_over: Callable[[Picture, Issue], Why] | None = None
    """Why it has ended, where `ended` does not say it all."""
    said_once: bool = False
    """Never updated: what it said was true at its time."""

    def cured(self, picture: Picture, issue: Issue) -> Resolution | None:
        """What ended the issue, if anything did."""
        return next((resolution for resolution, cure in self.cures.items() if cure(picture, issue)), None)


DELAY_CURES = {
    Resolution.delivered: cures.order_delivered,
    Resolution.cancelled: cures.cancelled,
    Resolution.refunded: cures.order_given_back,
    Resolution.accepted: cures.delay_accepted,
    Resolution.promise_changed: cures.promise_moved,
}
ON_THE_WAY_CURES = {
    Resolution.delivered: cures.parcel_delivered,
    Resolution.moved: cures.parcel_moved,
    Resolution.replaced: cures.parcel_resent,
    Resolution.refunded: cures.parcel_refunded,
    Resolution.cancelled: cures.cancelled,
}
AGAIN_OR_MONEY = "A replacement or a refund"
AWAITED_CURES = {
    Resolution.delivered: cures.nobody_waits_for_it,
    Resolution.cancelled: cures.cancelled,
    Resolution.refunded: cures.parcel_refunded,
    Resolution.replaced: cures.parcel_resent,
}

RULES = (
    Rule(
        kind=IssueKind.payment_failed,
        shown=troubles.payment_failed,
        cures={Resolution.paid: cures.paid, Resolution.cancelled: cures.cancelled},
    ),
    Rule(
        kind=IssueKind.item_unavailable,
        shown=troubles.item_unavailable,
        cures={
            Resolution.cancelled: cures.cancelled,
            Resolution.available: cures.line_available,
            Resolution.substitution_agreed: cures.substitution_agreed,
            Resolution.refunded: cures.line_given_back,
            Resolution.delivered: cures.line_delivered,
            Resolution.ended: cures.line_struck,
        },
    ),
    Rule(
        kind=IssueKind.item_substituted,
        shown=troubles.item_substituted,
        cures={
            Resolution.cancelled: cures.cancelled,
            Resolution.substitution_agreed: cures.substitution_agreed,
            Resolution.refunded: cures.wrong_pieces_refunded,
            Resolution.replaced: cures.line_replaced,
            Resolution.ended: cures.variant_right,
        },
    ),
    Rule(
        kind=IssueKind.item_missing,
        shown=silences.item_missing,
        cures={
            Resolution.cancelled: cures.cancelled,
            Resolution.refunded: cures.rest_refunded,
            Resolution.ended: cures.nothing_missing,
            Resolution.replaced: cures.rest_delivered,
        },
    ),
    Rule(
        kind=IssueKind.lost,
        shown=troubles.either(
            troubles.by_status(
                IssueKind.lost,
                Severity.critical,
                "The carrier says that a parcel is lost.",
                AGAIN_OR_MONEY,
            ),
            silences.lost_by_silence,
        ),
        cures={
            Resolution.delivered: cures.parcel_delivered,
            Resolution.replaced: cures.parcel_replaced,
            Resolution.refunded: cures.parcel_refunded,
            Resolution.moved: cures.parcel_found,
            Resolution.cancelled: cures.cancelled,
        },
    ),
    Rule(
        kind=IssueKind.damaged,
        shown=troubles.by_status(
            IssueKind.damaged,
            Severity.critical,
            "The carrier says that a parcel is damaged.",
            AGAIN_OR_MONEY,
        ),
        cures={
            Resolution.replaced: cures.parcel_replaced,
            Resolution.refunded: cures.parcel_refunded,
            Resolution.cancelled: cures.cancelled,
        },
    ),
    Rule(
        kind=IssueKind.returned_to_sender,
        shown=silences.returned_to_sender,
        cures={
            Resolution.delivered: cures.parcel_delivered,
            Resolution.replaced: cures.parcel_resent,
            Resolution.refunded: cures.parcel_refunded,
            Resolution.moved: cures.parcel_moved,
            Resolution.cancelled: cures.cancelled,
        },
    ),
    Rule(
        kind=IssueKind.attempt_failed,
        shown=troubles.fresh(
            troubles.by_status(
                IssueKind.attempt_failed,
                Severity.notice,
                "The carrier could not hand over a parcel of your order.",
                "Another attempt",
                again=Severity.serious,
            )
        ),
        cures=ON_THE_WAY_CURES,
        absorbed_by=frozenset({IssueKind.returned_to_sender}),
    ),
    Rule(
        kind=IssueKind.awaiting_pickup,
        shown=silences.awaiting_pickup,
        cures=ON_THE_WAY_CURES,
        absorbed_by=frozenset({IssueKind.returned_to_sender}),
    ),
    Rule(
        kind=IssueKind.held,
        shown=silences.held,
        cures=ON_THE_WAY_CURES,
        absorbed_by=frozenset({IssueKind.returned_to_sender}),
    ),
    Rule(
        kind=IssueKind.delivery_late,
        shown=delays.delivery_late,
        cures=DELAY_CURES,
        absorbed_by=frozenset({IssueKind.lost}),
        silenced_by=frozenset({IssueKind.payment_failed, IssueKind.delivery_late}),
        opens_at=DeadlineKind.promise_ends,
        spared=delays.spared,
    ),
    Rule(
        kind=IssueKind.delivery_at_risk,
        shown=risks.delivery_at_risk,
        cures=DELAY_CURES,
        absorbed_by=frozenset({IssueKind.delivery_late, IssueKind.lost}),
        silenced_by=frozenset({IssueKind.payment_failed, IssueKind.delivery_at_risk}),
        opens_at=DeadlineKind.risk_check,
        spared=risks.spared,
        said_once=True,
    ),
    Rule(
        kind=IssueKind.transit_stalled,
        shown=silences.transit_stalled,
        cures=AWAITED_CURES | {Resolution.moved: cures.parcel_seen},
        absorbed_by=frozenset({IssueKind.delivery_late, IssueKind.lost, IssueKind.returned_to_sender}),
        silenced_by=frozenset({IssueKind.held}),
    ),
    Rule(
        kind=IssueKind.pickup_stalled,
        shown=silences.pickup_stalled,
        cures=AWAITED_CURES | {Resolution.moved: cures.parcel_handed_over},
        absorbed_by=frozenset({IssueKind.delivery_late}),
    ),
    Rule(
        kind=IssueKind.fulfilment_stalled,
        shown=silences.fulfilment_stalled,
        cures={
            Resolution.delivered: cures.order_delivered,
            Resolution.cancelled: cures.cancelled,
            Resolution.refunded: cures.order_given_back,
            Resolution.moved: cures.handed_over,
        },
        absorbed_by=frozenset({IssueKind.delivery_late}),
    ),
    Rule(
        kind=IssueKind.refund_overdue,
        shown=silences.refund_overdue,
        cures={Resolution.refunded: cures.claim_paid, Resolution.ended: cures.claim_settled},
    ),
    Rule(
        kind=IssueKind.disruption,
        shown=concerns.disruption,
        cures={
            Resolution.delivered: cures.order_delivered,
            Resolution.cancelled: cures.cancelled,
            Resolution.refunded: cures.order_given_back,
            Resolution.ended: concerns.disruption_over,
        },
        spared=concerns.unconcerned,
        why_over=concerns.why_over,
    ),
)
"""Worse kinds stand before the kinds that they absorb."""

RULE_OF = {rule.kind: rule for rule in RULES}
