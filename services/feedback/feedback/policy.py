"""How patient the shop is: every length of time that the rules use. Settings fill it; rules only read it."""

from datetime import timedelta

from msgspec import Struct


class Policy(Struct, frozen=True, kw_only=True):
    """The defaults are where a shop starts; the settings of the same names change them."""

    survey_delay: timedelta = timedelta(days=3)
    """From delivery to the question: long enough to have used what was bought."""
    rest_after_issue: timedelta = timedelta(days=2)
    """From the end of an issue to the question."""
    rest_after_contact: timedelta = timedelta(hours=48)
    """Nobody who has just written to us is asked how it went."""
    cooldown: timedelta = timedelta(days=90)
    """From one decision to ask to the next, per customer, whether or not the question could be sent."""
    patience: timedelta = timedelta(days=30)
    """From delivery to the moment when a question that waits is dropped."""
    answer_window: timedelta = timedelta(days=14)
    """From the question to the end of its link."""
    case_target: timedelta = timedelta(hours=48)
    """From the opening of a case to its escalation."""
