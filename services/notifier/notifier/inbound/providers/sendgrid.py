"""SendGrid: events in a list (docs.sendgrid.com, "Event Webhook Reference")."""

import json
from collections.abc import Sequence

from notifier.inbound.mails import Arrival, Complaint, Delay, Heard, Nothing
from notifier.inbound.providers.reading import MARK, Report, bounce, document, message_id_in, parts, text
from notifier.statuses import Weight

_DROPPED = {"bounced address": "5.1.1", "invalid": "5.1.3"}
"""Why it did not even try, where that is about the address."""


def reports(body: bytes) -> Sequence[Report]:
    """What it says. Raises `BadBody`."""
    return [
        Report(message_id_in(event.get(MARK), event.get("smtp-id")), _heard(event)) for event in parts(document(body))
    ]


def mark(message_id: str) -> tuple[str, str]:
    """Unique arguments come back with every event."""
    return "X-SMTPAPI", json.dumps({"unique_args": {MARK: message_id}})


def _heard(event: dict[str, object]) -> Heard:
    reason = text(event.get("reason"))
    match text(event.get("event")):
        case "bounce":
            passes = event.get("type") == "blocked"  # an address that is refused for now, says SendGrid
            return bounce(text(event.get("status")), reason, at_most=Weight.soft if passes else Weight.hard)
        case "dropped":
            code = next((code for sign, code in _DROPPED.items() if reason.casefold().startswith(sign)), "5.7.0")
            return bounce(code)
        case "deferred":
            return Delay()
        case "spamreport":
            return Complaint("abuse")
        case "delivered":
            return Arrival()
    return Nothing("other_event")
