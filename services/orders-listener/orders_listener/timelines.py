"""The timeline of one order: its history, and what was said, opened and left for later because of it.

Owns how a new fact or a deadline moves an order on. Everything follows from the whole history, so it may begin
with any fact; only differences are said. Must not know customers or rows.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, structs

from chassis.errors import Rejected
from chassis.outcomes import Outcome
from contracts.storefront import OrderPlaced
from orders_listener import facts, risks, watch
from orders_listener.disruptions.declarations import NOTHING_DECLARED, Book
from orders_listener.disruptions.traits import traits_of
from orders_listener.early_warning.forecasts import Forecast
from orders_listener.early_warning.journeys import Journey, journey_of
from orders_listener.early_warning.snapshots import Snapshot
from orders_listener.entries import HistoryEntry, HistoryFact, ends_links, entry, in_order, without_spent_links
from orders_listener.issues import Issue
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import check_dates, zone_named
from orders_listener.purchases import Purchase, purchase_of
from orders_listener.reviews import Review
from orders_listener.watch import DeadlineKind

MOST_ENTRIES = 2_000
"""No real order has more; what exceeds it is a publisher gone wrong."""


class OrderStatus(StrEnum):
    """Where an order stands."""

    unknown = "unknown"
    """Others have spoken of it; the order itself has not been said."""
    placed = "placed"
    confirmed = "confirmed"
    shipped = "shipped"
    delivered = "delivered"
    completed = "completed"
    cancelled = "cancelled"


class Standing(Struct, frozen=True, kw_only=True):
    """Where the order stands by its whole history; worked out anew with every fact."""

    status: OrderStatus = OrderStatus.unknown
    placed_at: datetime | None = None
    promised_until: datetime | None = None
    """The end of what was promised last."""
    delivered_at: datetime | None = None
    traits: tuple[str, ...] = ()
    """By what a disruption may concern it, sorted; nothing once nobody waits for it any more."""


class Timeline(Struct, frozen=True, kw_only=True):
    """One order. Blank for an order never heard of."""

    customer_id: str
    order_id: str
    entries: tuple[HistoryEntry, ...] = ()
    """In the order in which things happened."""
    said: dict[str, datetime] = {}
    """Which facts were published, and when."""
    issues: dict[str, Issue] = {}
    """By id, open and resolved, in the order in which they were opened."""
    deadlines: dict[DeadlineKind, datetime] = {}
    """Wake-up calls that are set."""
    woken_at: dict[DeadlineKind, datetime] = {}
    """The last wake-up call of each kind that came while it was wanted; the same one is not set again."""
    standing: Standing = Standing()
    reached_at: datetime | None = None
    """The latest moment that was folded."""
    counted: Purchase | None = None
    """What of the order is counted on its customer."""
    journey: Journey | None = None
    """What the early warning learns from it."""

    @property
    def began_at(self) -> datetime | None:
        """The order's own beginning, or the first thing that was said of it; None for a blank timeline."""
        return self.entries[0].occurred_at if self.entries else None

    def learned_by(self, at: datetime) -> datetime:
        """When the timeline learns what is said at `at`: never before what it knows already."""
        return max(at, self.reached_at or at)


def taken(timeline: Timeline, fact: HistoryFact, *, said_at: datetime) -> Timeline | None:
    """The timeline with one more fact; None when the fact is already there.

    Raises `Rejected` (bad_promise, timeline_full); later facts of the customer do not depend on this one.
    """
    check_dates(fact)
    now = timeline.learned_by(said_at)
    new = entry(fact, said_at=said_at, detected_at=now)
    if any(new.key == known.key for known in timeline.entries):
        return None
    if len(timeline.entries) >= MOST_ENTRIES:
        raise Rejected("timeline_full", f"order {timeline.order_id} has {MOST_ENTRIES} facts", blocks=False)
    entries = in_order((*timeline.entries, new))
    entries = without_spent_links(entries) if ends_links(fact) else entries
    return structs.replace(timeline, entries=entries, reached_at=now)


def woken(timeline: Timeline, kind: DeadlineKind, due_at: datetime, *, still_wanted: bool) -> Timeline:
    """The timeline after a wake-up call; one that is not wanted any more wakes nobody."""
    rest = {other: moment for other, moment in timeline.deadlines.items() if other != kind}
    woken_at = timeline.woken_at | {kind: due_at} if still_wanted else timeline.woken_at
    return structs.replace(timeline, deadlines=rest, woken_at=woken_at, reached_at=timeline.learned_by(due_at))


def moved_on(
    timeline: Timeline,
    at: datetime,
    policy: Policy,
    *,
    erased: bool = False,
    looked: DeadlineKind | None = None,
    snapshot: Snapshot | None = None,
    declared: Book = NOTHING_DECLARED,
) -> tuple[Timeline, Outcome]:
    """Everything that follows now from the history and was not done before."""
    disruptions = declared.at(timeline.learned_by(at))
    picture = Picture(timeline.entries, shop_zone=policy.shop_zone, snapshot=snapshot, disruptions=disruptions)
    if picture.placed is None:
        return timeline, Outcome(rows=(timeline,))
    timeline, published = _publish(timeline, picture, picture.placed, at, policy, looked)
    now = timeline.learned_by(at)
    review = Review(
        picture, picture.placed, timeline.issues, at=at, now=now, policy=policy, erased=erased, looked=looked
    )
    review.run()
    wanted = _wanted(timeline, picture, policy, now, declared, erased=erased)
    set_or_cleared = watch.difference(timeline.order_id, timeline.deadlines, wanted)
    journey = journey_of(picture, timeline.said)
    learned = _learned(journey, timeline.journey, picture, at, policy, looked)
    timeline = structs.replace(
        timeline,
        issues=review.issues,
        deadlines=wanted,
        standing=_standing(timeline, picture, picture.placed),
        counted=purchase_of(picture, zone_named(None, policy.shop_zone)),
        journey=journey,
    )
    return timeline, published + review.outcome + Outcome(rows=(timeline, *learned), deadlines=set_or_cleared)


def _learned(
    journey: Journey | None, before: Journey | None, picture: Picture, at: datetime, policy: Policy,
    looked: DeadlineKind | None,
) -> tuple[Journey | Forecast, ...]:  # fmt: skip
    """What the early warning is to remember of this: the journey, where it changed, and a forecast that was made."""
    forecast = risks.forecast_at(picture, at, policy) if looked is DeadlineKind.risk_check else None
    return tuple(filter(None, (journey if journey != before else None, forecast)))


def _publish(
    timeline: Timeline, picture: Picture, placed: OrderPlaced, at: datetime, policy: Policy, looked: DeadlineKind | None
) -> tuple[Timeline, Outcome]:
    due = facts.due_facts(picture, timeline.said.keys(), at, policy)
    if looked is DeadlineKind.return_window_ends and facts.COMPLETED not in timeline.said and not picture.cancelled:
        due[facts.COMPLETED] = facts.completed(placed, at)
    said = timeline.said | dict.fromkeys(due, at)
    return structs.replace(timeline, said=said), Outcome(facts=tuple(due.values()))


def _wanted(
    timeline: Timeline, picture: Picture, policy: Policy, now: datetime, declared: Book, *, erased: bool
) -> dict[DeadlineKind, datetime]:
    looked_at = timeline.woken_at.get(DeadlineKind.risk_check)
    wanted = watch.wanted(picture, policy, erased=erased, after=now, looked_at=looked_at, declared=declared)
    if facts.COMPLETED in timeline.said:
        wanted.pop(DeadlineKind.return_window_ends, None)
    return {kind: due_at for kind, due_at in wanted.items() if timeline.woken_at.get(kind) != due_at}


def _standing(timeline: Timeline, picture: Picture, placed: OrderPlaced) -> Standing:
    return Standing(
        status=_status(timeline, picture),
        placed_at=placed.placed_at,
        promised_until=picture.promised.ends_at if picture.promised else None,
        delivered_at=picture.delivered_at,
        traits=tuple(sorted(traits_of(picture))),
    )


def _status(timeline: Timeline, picture: Picture) -> OrderStatus:
    """A delivery outlives a cancellation that came too late."""
    if facts.COMPLETED in timeline.said:
        return OrderStatus.completed
    if picture.delivered_at:
        return OrderStatus.delivered
    if picture.cancelled:
        return OrderStatus.cancelled
    if picture.first_moved:
        return OrderStatus.shipped
    return OrderStatus.confirmed if picture.confirmed_at else OrderStatus.placed
