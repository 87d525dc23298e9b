"""Amazon SES by way of SNS: a notification whose message is a document of its own (docs.aws.amazon.com/ses, "Amazon SNS
notification contents"; the events of event publishing differ in one name).
"""

from collections.abc import Iterator, Sequence

from notifier.inbound.mails import Arrival, Complaint, Delay, Heard, Nothing
from notifier.inbound.providers.reading import (
    MARK,
    BadBody,
    Report,
    bounce,
    document,
    message_id_in,
    part,
    parts,
    text,
)
from notifier.statuses import Weight

KINDS = ("abuse", "auth-failure", "fraud", "other", "virus")
"""Of complaints, as the feedback loop says them."""
SUBSCRIPTION = Nothing("subscription")
"""SNS asks whether the topic may post here: somebody confirms it at Amazon."""


def reports(body: bytes) -> Sequence[Report]:
    """What it says. Raises `BadBody`."""
    envelope = part({"envelope": document(body)}, "envelope")
    if envelope.get("Type") != "Notification":
        return [Report(None, SUBSCRIPTION)]
    try:
        event = part({"event": document(_carried(envelope).encode())}, "event")
    except BadBody:  # "Successfully validated SNS topic …"
        return [Report(None, Nothing("other_event"))]
    return [Report(_named(event), said) for said in _heard(event)]


def mark(message_id: str) -> tuple[str, str]:
    """Tags come back with every event; SES gives the mail another Message-ID."""
    return "X-SES-MESSAGE-TAGS", f"{MARK}={message_id}"


def topic(body: bytes) -> str:
    """The ARN of the SNS topic that it comes from; empty without one. Raises `BadBody`."""
    return text(part({"envelope": document(body)}, "envelope").get("TopicArn"))


def _carried(envelope: dict[str, object]) -> str:
    message = envelope.get("Message")
    return message if isinstance(message, str) else ""


def _named(event: dict[str, object]) -> str | None:
    mail = part(event, "mail")
    tags = part(mail, "tags").get(MARK)
    headers = {text(one.get("name")).casefold(): one.get("value") for one in parts(mail.get("headers"))}
    tag = tags[0] if isinstance(tags, list) and tags else None
    return message_id_in(tag, headers.get("message-id"))


def _heard(event: dict[str, object]) -> Iterator[Heard]:
    match text(event.get("eventType") or event.get("notificationType")):
        case "Bounce":
            yield from _bounces(part(event, "bounce"))
        case "Complaint":
            kind = text(part(event, "complaint").get("complaintFeedbackType"))
            yield Nothing("other_report") if kind == "not-spam" else Complaint(kind if kind in KINDS else "abuse")
        case "Delivery":
            yield Arrival()
        case "DeliveryDelay":
            yield Delay()
        case _:
            yield Nothing("other_event")


def _bounces(said: dict[str, object]) -> Iterator[Heard]:
    lasting = said.get("bounceType") == "Permanent"
    kind = text(said.get("bounceSubType"))
    for one in parts(said.get("bouncedRecipients"))[:1] or [{}]:  # our mails have one recipient
        codes = text(one.get("status")) or ("5.1.1" if lasting and kind in ("NoEmail", "Suppressed") else "")
        usual = {"MailboxFull": "5.2.2", "MessageTooLarge": "5.3.4", "ContentRejected": "5.6.0"}.get(kind, "")
        weight = Weight.hard if lasting else Weight.soft
        yield bounce(usual or codes or "5.0.0", text(one.get("diagnosticCode")), at_most=weight)
