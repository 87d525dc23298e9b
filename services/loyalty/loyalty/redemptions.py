"""Rules: points are spent by a redemption, once per redemption id, and only by somebody who has them."""

from datetime import datetime

from msgspec import Struct

from chassis.errors import Conflict
from contracts.loyalty import PointsSpent
from loyalty.journal import Journal, KnownAlready
from loyalty.postings import SPEND, reference


class Redeem(Struct, frozen=True):
    """The command: give up points for something."""

    redemption_id: str
    points: int


class Redemption(Struct, frozen=True, gc=False, kw_only=True):
    """Points that were spent."""

    customer_id: str
    redemption_id: str
    points: int
    available_points: int
    """What was left afterwards."""
    redeemed_at: datetime


def on_redeem(journal: Journal, command: Redeem) -> None:
    """Raises `Conflict`: redemption_differs, customer_erased, insufficient_points."""
    account = journal.account
    known_points = account.redemptions.get(command.redemption_id)
    if known_points == command.points:
        raise KnownAlready
    if known_points is not None:
        raise Conflict("redemption_differs", f"This redemption was made with {known_points} points.")
    if account.erased_at is not None:
        raise Conflict("customer_erased", "This customer has been erased.")
    if account.available_points < command.points:
        raise Conflict("insufficient_points", f"{max(0, account.available_points)} points are available.")
    journal.post(SPEND, command.points, reference("spent", command.redemption_id))
    _note(journal, command)


def _note(journal: Journal, command: Redeem) -> None:
    account = journal.account
    journal.change(redemptions={**account.redemptions, command.redemption_id: command.points})
    journal.enter(
        Redemption(
            customer_id=account.customer_id,
            redemption_id=command.redemption_id,
            points=command.points,
            available_points=account.available_points,
            redeemed_at=journal.at,
        )
    )
    journal.say_moved(PointsSpent, command.points, redemption_id=command.redemption_id)
    journal.decide(command.redemption_id, "redemption", "redeemed", "points_available", points=command.points)
