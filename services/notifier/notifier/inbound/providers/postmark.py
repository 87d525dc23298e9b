"""Postmark: one record in a body (postmarkapp.com/developer/webhooks: bounce, spam complaint, delivery)."""

from collections.abc import Sequence

from notifier.inbound.mails import Arrival, Automatic, Complaint, Delay, Heard, Nothing
from notifier.inbound.providers.reading import MARK, Report, bounce, document, message_id_in, part, text

_CODES = {
    "HardBounce": "5.1.1",
    "BadEmailAddress": "5.1.3",
    "SoftBounce": "4.0.0",
    "DnsError": "4.4.0",
    "Undeliverable": "4.0.0",
    "Blocked": "5.7.0",
    "SpamNotification": "5.7.0",
    "VirusNotification": "5.6.0",
    "DMARCPolicy": "5.7.0",
    "ManuallyDeactivated": "5.7.0",
    "Unconfirmed": "5.7.0",
}
"""Types of bounces (postmarkapp.com/developer/api/bounce-api, "Bounce types") as codes of RFC 3463."""
_MACHINES = {"AutoResponder": "absence", "AddressChange": "machine", "ChallengeVerification": "challenge"}


def reports(body: bytes) -> Sequence[Report]:
    """What it says. Raises `BadBody`."""
    record = part({"record": document(body)}, "record")
    return [Report(message_id_in(part(record, "Metadata").get(MARK)), _heard(record))]


def mark(message_id: str) -> tuple[str, str]:
    """Metadata come back with every record; Postmark gives the mail another Message-ID."""
    return f"X-PM-Metadata-{MARK}", message_id


def _heard(record: dict[str, object]) -> Heard:
    kind = text(record.get("Type"))
    match text(record.get("RecordType")):
        case "Bounce" if kind in _MACHINES:
            return Automatic(_MACHINES[kind])
        case "Bounce" if kind == "Transient":
            return Delay()
        case "Bounce" if kind in _CODES:
            return bounce(_CODES[kind], text(record.get("Details")) if _CODES[kind].endswith("0.0") else "")
        case "SpamComplaint":
            return Complaint("abuse")
        case "Delivery":
            return Arrival()
    return Nothing("other_event")
