"""Headers by which providers that are connected name our mail again when they say what became of it. Pure."""

from collections.abc import Callable, Collection

from notifier.inbound.providers import mailgun, postmark, sendgrid, ses

_MARKS = {"mailgun": mailgun.mark, "postmark": postmark.mark, "sendgrid": sendgrid.mark, "ses": ses.mark}


def marks_for(connected: Collection[str]) -> Callable[[str], list[tuple[str, str]]]:
    """From a message's id to the headers of its mail, for these providers."""
    marks = [mark for name, mark in _MARKS.items() if name in connected]
    return lambda message_id: [mark(message_id) for mark in marks]
