"""Mailgun: one event in a body, `event-data` (documentation.mailgun.com, "Webhook Payloads")."""

import json
from collections.abc import Sequence

from notifier.inbound.mails import Arrival, Complaint, Delay, Heard, Nothing
from notifier.inbound.providers.reading import MARK, Report, bounce, document, message_id_in, part, text


def reports(body: bytes) -> Sequence[Report]:
    """What it says. Raises `BadBody`."""
    event = part(document(body), "event-data")
    named = message_id_in(part(event, "user-variables").get(MARK), part(event, "message", "headers").get("message-id"))
    return [Report(named, _heard(event))]


def mark(message_id: str) -> tuple[str, str]:
    """User variables come back with every event."""
    return "X-Mailgun-Variables", json.dumps({MARK: message_id})


def _heard(event: dict[str, object]) -> Heard:
    status = part(event, "delivery-status")
    match text(event.get("event")):
        case "failed" if event.get("severity") == "temporary":
            return Delay()
        case "failed":
            words = f"{text(status.get('message'))} {text(status.get('description'))}"
            return bounce(f"{text(status.get('enhanced-code'))} {text(status.get('code'))}", words)
        case "complained":
            return Complaint("abuse")
        case "delivered":
            return Arrival()
    return Nothing("other_event")
