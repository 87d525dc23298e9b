"""How an event says that it was read from records of the past: whatever follows from it at once is told to nobody.

An import says at one moment what happened long before. The correlation id goes with everything that follows from an
event, through services, outboxes and deadlines; so an import's ids begin with `past:` and the moment of the import.
What is said until that moment is history. What a deadline finds later, in an order that is still open, is news.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

PREFIX: Final = "past:"
LONGEST_ATTRIBUTE: Final = 255
_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_LENGTH: Final = len("2026-12-24T18:00:00Z")


def past_correlation(until: datetime, identity: str) -> str:
    """The correlation id of an event that is said at `until`: what follows from it until the end of that second."""
    return f"{PREFIX}{until.astimezone(UTC).strftime(_FORM)}:{identity}"[:LONGEST_ATTRIBUTE]


def is_past(correlation_id: str, at: datetime) -> bool:
    """Whether something said at `at` under this id is history that was only imported."""
    if not correlation_id.startswith(PREFIX):
        return False
    written = correlation_id[len(PREFIX) : len(PREFIX) + _LENGTH]
    try:
        return at < datetime.strptime(written, _FORM).replace(tzinfo=UTC) + timedelta(seconds=1)
    except ValueError:
        return False
