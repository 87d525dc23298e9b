"""A customer's relationship with the shop: purchases, the stage that follows from them, milestones, the next look.

Owns when a stage or a milestone is said: stages when they change, each milestone once for ever, nothing of anybody
who was erased. Must not know orders (accounts.py tells what counts of each) or rows.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from chassis.outcomes import NOTHING, ClearDeadline, Decision, Outcome, SetDeadline
from contracts.orders import MilestoneReached, Segment, SegmentChanged
from orders_listener import milestones, stages
from orders_listener.milestones import Reached
from orders_listener.policy import Policy
from orders_listener.purchases import Purchase, Purchases, counted_anew

REVIEW = "customer_review"
"""The kind of the one deadline that a customer has: silence, or an anniversary."""
SEGMENT, MILESTONE = "segment", "milestone"
"""The rules that decisions name."""


class Relationship(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What connects a customer with the shop. Blank before the first purchase."""

    purchases: Purchases = Purchases()
    stage: Segment | None = None
    stage_since: datetime | None = None
    milestones: Mapping[str, datetime] = {}
    """When each was reached, by its key; also those that were too old to be said."""
    review_at: datetime | None = None
    """When somebody looks again."""


Step = tuple[Relationship, Outcome]


class _Look(Struct, frozen=True, kw_only=True):
    """Who is looked at, and when."""

    customer_id: str
    at: datetime
    policy: Policy

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.shop_zone)

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()

    def begins(self, day: date) -> datetime:
        """The moment a day of the shop begins."""
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)


def on_purchase(
    known: Relationship,
    customer_id: str,
    order_id: str,
    *,
    counted: tuple[Purchase | None, Purchase | None],
    at: datetime,
    policy: Policy,
    erased: bool,
) -> Step:
    """An order counts otherwise than before (`counted`: before, now); who was erased is only counted."""
    before, after = counted
    purchases = counted_anew(known.purchases, before, after)
    grown = purchases.frequency > known.purchases.frequency
    known = structs.replace(known, purchases=purchases)
    if erased:
        return known, NOTHING
    look = _Look(customer_id=customer_id, at=at, policy=policy)
    known, staged = _moved(known, look, undone=after is None)
    reached = milestones.by_purchase(purchases.frequency, policy) if grown and after else None
    known, thanked = _reach(known, reached, look, after.confirmed_at if after else at, order_id)
    known, planned = _planned(known, look)
    return known, staged + thanked + planned


def on_review(known: Relationship, customer_id: str, at: datetime, policy: Policy) -> Step:
    """The moment has come at which silence, or a year gone by, may change something."""
    look = _Look(customer_id=customer_id, at=at, policy=policy)
    known, staged = _moved(known, look)
    days = known.purchases.days
    reached = milestones.by_day(days[0], look.today) if days else None
    known, thanked = _reach(known, reached, look, at, None)
    known, planned = _planned(structs.replace(known, review_at=None), look, came=True)
    return known, staged + thanked + planned


def on_erased(known: Relationship, customer_id: str) -> Step:
    """Nobody looks any more, and nobody is told where the customer stood."""
    forgotten = structs.replace(known, stage=None, stage_since=None, review_at=None)
    return forgotten, Outcome(deadlines=(ClearDeadline(REVIEW, customer_id),) if known.review_at else ())


def _moved(known: Relationship, look: _Look, *, undone: bool = False) -> Step:
    """To another stage; who has no purchase left stands nowhere, and the facts have no word for it."""
    days = known.purchases.days
    stage = stages.stage_on(look.today, days, look.policy)
    if stage is known.stage:
        return known, NOTHING
    moved = structs.replace(known, stage=stage, stage_since=look.at if stage else None)
    if stage is None:
        return moved, NOTHING
    fact = SegmentChanged(customer_id=look.customer_id, occurred_at=look.at, segment=stage, previous=known.stage)
    decision = Decision(
        subject=look.customer_id,
        rule=SEGMENT,
        outcome=stage,
        reason="purchase_undone" if undone else _REASONS[stage],
        detail={
            "bought_last": days[-1].isoformat(),
            "purchases": len(days),
            "expected_gap_days": stages.expected_gap(days, look.policy).days,
        },
        version=look.policy.version,
    )
    return moved, Outcome(facts=(fact,), decisions=(decision,))


_REASONS = {
    Segment.new: "first_purchase",
    Segment.active: "bought_again",
    Segment.at_risk: "silent",
    Segment.lapsed: "silent_long",
    Segment.returned: "bought_after_lapse",
}


def _reach(known: Relationship, reached: Reached | None, look: _Look, happened: datetime, order_id: str | None) -> Step:
    """Say a milestone once; one that was reached long before we learned of it is only remembered."""
    if reached is None or reached.key in known.milestones:
        return known, NOTHING
    is_news = look.at - happened <= look.policy.milestone_news
    fact = MilestoneReached(
        customer_id=look.customer_id,
        occurred_at=happened,
        milestone=reached.milestone,
        number=reached.number,
        order_id=order_id,
    )
    decision = Decision(
        subject=look.customer_id,
        rule=MILESTONE,
        outcome="said" if is_news else "not_said",
        reason=reached.milestone if is_news else "long_ago",
        detail={"milestone": reached.milestone, "number": reached.number},
        version=look.policy.version,
    )
    remembered = structs.replace(known, milestones={**known.milestones, reached.key: look.at})
    return remembered, Outcome(facts=(fact,) if is_news else (), decisions=(decision,))


def _planned(known: Relationship, look: _Look, *, came: bool = False) -> Step:
    """The next look. One that is overdue is still to come: nothing that it would say is passed over."""
    review_at = known.review_at
    if review_at is None or review_at > look.at or not known.purchases.days:
        review_at = _next_look(known, look)
    if review_at == known.review_at:
        return known, NOTHING
    cleared = () if came else (ClearDeadline(REVIEW, look.customer_id),)
    deadlines = (SetDeadline(REVIEW, look.customer_id, review_at),) if review_at else cleared
    return structs.replace(known, review_at=review_at), Outcome(deadlines=deadlines)


def _next_look(known: Relationship, look: _Look) -> datetime | None:
    days = known.purchases.days
    if not days:
        return None
    change = stages.next_change(look.today, days, look.policy)
    feast = milestones.next_anniversary(days[0], look.today)
    return look.begins(min(feast, change) if change else feast)
