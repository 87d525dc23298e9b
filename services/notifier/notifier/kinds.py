"""What can be said to a customer: every kind of message, what for, and how long it is worth saying.

A table and nothing else; the words are in `words/`, the rules that look at it in `sending`.
"""

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from contracts.vocabulary import Purpose


class Concern(StrEnum):
    """What courtesy tells apart: the purposes, and among service what went wrong. The first are the most important."""

    issue = "issue"
    service = "service"
    survey = "survey"
    loyalty = "loyalty"
    marketing = "marketing"


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of message."""

    name: str
    purpose: Purpose
    lasts: timedelta
    """After this it is not worth saying any more, unless the fact that asks for it says until when."""
    waits_for_peace: bool = False
    """Held while an issue of this customer is open: nobody is asked or cheered while something is wrong."""
    goes_again: bool = False
    """Said again when nobody knows whether it arrived: better twice than never."""
    about_issue: bool = False
    """It says how an issue stands."""

    at_once: bool = False
    """It answers what the customer just did: said whatever hour they would rather hear from us."""
    joins: bool = False
    """Several of them that may be said at the same time are one message."""

    @property
    def keeps_hour(self) -> bool:
        """Whether it waits for the hour that somebody prefers."""
        return not (self.about_issue or self.at_once)

    @property
    def concern(self) -> Concern:
        """Which rules of courtesy hold for it."""
        return Concern.issue if self.about_issue else Concern(self.purpose)


_ABOUT_ISSUE = {"about_issue": True, "goes_again": True}
_ALL = (
    Kind(name="order_confirmed", purpose=Purpose.service, lasts=timedelta(days=2), at_once=True),
    Kind(name="order_shipped", purpose=Purpose.service, lasts=timedelta(days=2)),
    Kind(name="order_delivered", purpose=Purpose.service, lasts=timedelta(days=2)),
    Kind(name="order_cancelled", purpose=Purpose.service, lasts=timedelta(days=7), at_once=True),
    Kind(name="order_refunded", purpose=Purpose.service, lasts=timedelta(days=14), goes_again=True),
    Kind(name="issue_opened", purpose=Purpose.service, lasts=timedelta(days=14), joins=True, **_ABOUT_ISSUE),
    Kind(name="issue_worse", purpose=Purpose.service, lasts=timedelta(days=14), **_ABOUT_ISSUE),
    Kind(name="issue_resolved", purpose=Purpose.service, lasts=timedelta(days=7), **_ABOUT_ISSUE),
    Kind(name="note", purpose=Purpose.service, lasts=timedelta(days=7)),
    Kind(name="survey", purpose=Purpose.survey, lasts=timedelta(days=14), waits_for_peace=True),
    Kind(name="points_earned", purpose=Purpose.loyalty, lasts=timedelta(days=7), waits_for_peace=True),
    Kind(name="points_vested", purpose=Purpose.loyalty, lasts=timedelta(days=7), waits_for_peace=True),
    Kind(name="goodwill_granted", purpose=Purpose.loyalty, lasts=timedelta(days=14)),
    Kind(name="tier_reached", purpose=Purpose.loyalty, lasts=timedelta(days=7), waits_for_peace=True),
    Kind(name="offer", purpose=Purpose.marketing, lasts=timedelta(days=7), waits_for_peace=True),
    Kind(name="birthday", purpose=Purpose.marketing, lasts=timedelta(days=2), waits_for_peace=True),
    Kind(name="anniversary", purpose=Purpose.marketing, lasts=timedelta(days=2), waits_for_peace=True),
)
KINDS = {kind.name: kind for kind in _ALL}
"""By name, in the order in which they leave when they are ready at the same moment."""
