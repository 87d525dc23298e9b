"""What the loyalty service says: points, tiers, rewards, goodwill."""

from typing import Annotated

from msgspec import Meta

from contracts.envelope import Fact, event_type
from contracts.vocabulary import LARGEST_INTEGER, Identifier, Points, Sentence, Timestamp, Word

LOYALTY = "loyalty"


class PointsMoved(Fact, frozen=True, kw_only=True):
    """Points changed their place; `available_points` and `pending_points` are what the member has afterwards."""

    occurred_at: Timestamp
    points: Points
    available_points: Annotated[int, Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
    pending_points: Points


@event_type("loyalty.points-earned.v1", topic=LOYALTY, subject="order_id")
class PointsEarned(PointsMoved, frozen=True, kw_only=True):
    """An order earned points; they are pending until it is completed."""

    order_id: Identifier


@event_type("loyalty.points-vested.v1", topic=LOYALTY, subject="order_id")
class PointsVested(PointsMoved, frozen=True, kw_only=True):
    """Pending points may now be spent."""

    order_id: Identifier


@event_type("loyalty.points-spent.v1", topic=LOYALTY, subject="redemption_id")
class PointsSpent(PointsMoved, frozen=True, kw_only=True):
    """Points were given for a reward."""

    redemption_id: Identifier


@event_type("loyalty.points-clawed-back.v1", topic=LOYALTY, subject="order_id")
class PointsClawedBack(PointsMoved, frozen=True, kw_only=True):
    """Money was given back, and with it the points it had earned."""

    order_id: Identifier
    refund_id: Identifier | None = None
    """Missing when the whole order was cancelled."""


@event_type("loyalty.points-expiring.v1", topic=LOYALTY, subject="customer_id", planned=True)
class PointsExpiring(PointsMoved, frozen=True, kw_only=True):
    """Points will be lost soon."""

    expires_at: Timestamp


@event_type("loyalty.points-expired.v1", topic=LOYALTY, subject="customer_id", planned=True)
class PointsExpired(PointsMoved, frozen=True, kw_only=True):
    """Points were lost."""


@event_type("loyalty.goodwill-granted.v1", topic=LOYALTY, subject="goodwill_id")
class GoodwillGranted(PointsMoved, frozen=True, kw_only=True):
    """The shop made good for a broken promise."""

    goodwill_id: Identifier
    order_id: Identifier | None = None
    issue_id: Identifier | None = None
    request_id: Identifier | None = None
    reason: Word


@event_type("loyalty.goodwill-refused.v1", topic=LOYALTY, subject="goodwill_id")
class GoodwillRefused(Fact, frozen=True, kw_only=True):
    """Goodwill was due or asked for and is not given."""

    goodwill_id: Identifier
    order_id: Identifier | None = None
    issue_id: Identifier | None = None
    request_id: Identifier | None = None
    occurred_at: Timestamp
    reason: Word


class TierChange(Fact, frozen=True, kw_only=True):
    """A member moved between tiers."""

    occurred_at: Timestamp
    tier: Word
    previous: Word | None = None


@event_type("loyalty.tier-reached.v1", topic=LOYALTY, subject="customer_id")
class TierReached(TierChange, frozen=True, kw_only=True):
    """Up."""


@event_type("loyalty.tier-lost.v1", topic=LOYALTY, subject="customer_id")
class TierLost(TierChange, frozen=True, kw_only=True):
    """Down."""


@event_type("loyalty.reward-redeemed.v1", topic=LOYALTY, subject="redemption_id", planned=True)
class RewardRedeemed(Fact, frozen=True, kw_only=True):
    """A reward is the customer's."""

    redemption_id: Identifier
    reward_id: Identifier
    occurred_at: Timestamp
    points: Points


@event_type("loyalty.perk-offered.v1", topic=LOYALTY, subject="perk_id", planned=True)
class PerkOffered(Fact, frozen=True, kw_only=True):
    """A standing offer that the customer may claim."""

    perk_id: Identifier
    perk: Word
    occurred_at: Timestamp
    expires_at: Timestamp | None = None


@event_type("loyalty.referral-completed.v1", topic=LOYALTY, subject="referral_id", planned=True)
class ReferralCompleted(Fact, frozen=True, kw_only=True):
    """A friend bought, and keeps it."""

    referral_id: Identifier
    occurred_at: Timestamp
    points: Points


@event_type("loyalty.challenge-completed.v1", topic=LOYALTY, subject="challenge_id", planned=True)
class ChallengeCompleted(Fact, frozen=True, kw_only=True):
    """The customer did what was asked."""

    challenge_id: Identifier
    occurred_at: Timestamp
    points: Points
    note: Sentence | None = None
