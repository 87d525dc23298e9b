"""What was said to a customer of an order, and how it stands: attached to what they answer. Names nobody."""

from typing import Annotated

from msgspec import Meta

from contracts.vocabulary import Identifier, IssueKind, Part, Sentence, Severity, Timestamp, Word


class OpenIssue(Part, frozen=True, kw_only=True):
    """Something is wrong with the order."""

    issue_id: Identifier
    kind: IssueKind
    severity: Severity
    known: Sentence
    """What is known of it, in one sentence."""
    since: Timestamp | None = None
    """When we first heard of it."""
    told_at: Timestamp | None = None
    """When the customer was told; missing: they were not."""
    promised_by: Timestamp | None = None


class Telling(Part, frozen=True, kw_only=True):
    """Something that was said to the customer."""

    message_id: Identifier
    kind: Word
    said_at: Timestamp


class Story(Part, frozen=True, kw_only=True):
    """An order as the notifier knows it at that moment."""

    stage: Word | None = None
    """known, confirmed, shipped, delivered, cancelled."""
    issues: Annotated[tuple[OpenIssue, ...], Meta(max_length=50)] = ()
    said: Annotated[tuple[Telling, ...], Meta(max_length=50)] = ()
    """The latest, oldest first."""
