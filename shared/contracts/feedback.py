"""What the feedback service says: surveys, answers, cases, ideas. Customers' own words never leave it."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from contracts.envelope import Fact, event_type
from contracts.vocabulary import LARGEST_INTEGER, Identifier, Sentence, Timestamp, Word

FEEDBACK = "feedback"


class SurveyKind(StrEnum):
    """What a survey asks."""

    nps = "nps"
    """Would you recommend us, 0 to 10."""
    csat = "csat"
    ces = "ces"


class Cohort(StrEnum):
    """What the customer went through before being asked."""

    clean = "clean"
    issue = "issue"
    late = "late"


@event_type("feedback.survey-due.v1", topic=FEEDBACK, subject="invitation_id")
class SurveyDue(Fact, frozen=True, kw_only=True):
    """Now is a good moment to ask; the notifier mints the link."""

    invitation_id: Identifier
    survey: SurveyKind
    order_id: Identifier
    occurred_at: Timestamp
    expires_at: Timestamp


@event_type("feedback.response-received.v1", topic=FEEDBACK, subject="invitation_id")
class ResponseReceived(Fact, frozen=True, kw_only=True):
    """The customer answered."""

    invitation_id: Identifier
    survey: SurveyKind
    order_id: Identifier
    occurred_at: Timestamp
    score: Annotated[int, Meta(ge=0, le=10)]
    cohort: Cohort


@event_type("feedback.review-published.v1", topic=FEEDBACK, subject="review_id", planned=True)
class ReviewPublished(Fact, frozen=True, kw_only=True):
    """A review may be read by everybody."""

    review_id: Identifier
    order_id: Identifier
    product_id: Identifier
    occurred_at: Timestamp
    rating: Annotated[int, Meta(ge=1, le=5)]


class Case(Fact, frozen=True, kw_only=True):
    """A person takes care of a customer until it is good again."""

    case_id: Identifier
    occurred_at: Timestamp
    order_id: Identifier | None = None


@event_type("feedback.case-opened.v1", topic=FEEDBACK, subject="case_id")
class CaseOpened(Case, frozen=True, kw_only=True):
    """Somebody should call."""

    cause: Word
    due_at: Timestamp


@event_type("feedback.case-escalated.v1", topic=FEEDBACK, subject="case_id")
class CaseEscalated(Case, frozen=True, kw_only=True):
    """Its target passed."""

    due_at: Timestamp


@event_type("feedback.case-resolved.v1", topic=FEEDBACK, subject="case_id")
class CaseResolved(Case, frozen=True, kw_only=True):
    """It is good again, or as good as it gets."""

    resolution: Sentence


@event_type("feedback.goodwill-requested.v1", topic=FEEDBACK, subject="request_id")
class GoodwillRequested(Fact, frozen=True, kw_only=True):
    """A case asks loyalty to make good."""

    request_id: Identifier
    case_id: Identifier
    order_id: Identifier | None = None
    occurred_at: Timestamp
    points: Annotated[int, Meta(ge=1, le=LARGEST_INTEGER)]
    reason: Sentence


@event_type("feedback.idea-submitted.v1", topic=FEEDBACK, subject="idea_id", planned=True)
class IdeaSubmitted(Fact, frozen=True, kw_only=True):
    """A customer proposed something."""

    idea_id: Identifier
    occurred_at: Timestamp


@event_type("feedback.idea-planned.v1", topic=FEEDBACK, subject="idea_id", planned=True)
class IdeaPlanned(Fact, frozen=True, kw_only=True):
    """The shop will do it."""

    idea_id: Identifier
    occurred_at: Timestamp


@event_type("feedback.improvement-announced.v1", topic=FEEDBACK, subject="improvement_id", planned=True)
class ImprovementAnnounced(Fact, frozen=True, kw_only=True):
    """You said, we did: one event for each who said it."""

    improvement_id: Identifier
    occurred_at: Timestamp
    idea_ids: tuple[Identifier, ...] = ()
    title: Sentence
