"""What a mail that came back says: it bounced, somebody complained, a machine answered, or a person did.

Pure: bytes in, one of `Heard` out, whatever the bytes are. Which of our mails it is about, and what follows, is decided
elsewhere.
"""

from hashlib import sha256

from msgspec import Struct

from notifier.inbound.automatic import address_in, automatic, of_a_mail_system
from notifier.inbound.parts import Part, Parts, parts_of
from notifier.inbound.replies import asks_to_stop, reply_in, text_of_html
from notifier.statuses import Meaning, Status, meaning_of, status_of


class Bounce(Struct, frozen=True, kw_only=True):
    """It was not delivered and will not be."""

    meaning: Meaning
    code: str | None = None
    """Enhanced status code, as far as one was said."""


class Delay(Struct, frozen=True):
    """It was not delivered yet; the mail server goes on trying."""


class Arrival(Struct, frozen=True):
    """It was delivered."""


class Complaint(Struct, frozen=True):
    """Its reader says that it is spam."""

    kind: str
    """abuse, fraud, opt-out …"""


class Automatic(Struct, frozen=True):
    """A machine wrote it: absence, challenge, machine, list, loop, receipt."""

    kind: str


class Reply(Struct, frozen=True, kw_only=True):
    """A person wrote it."""

    text: str
    stop: bool = False
    """Nothing but a word that ends newsletters elsewhere."""
    address: str = ""
    """Who says that they wrote it; nobody has proved that."""
    identity: str
    """The same however often it is delivered: from its Message-ID, else from what it says."""


class Nothing(Struct, frozen=True):
    """There is nothing in it that anything could follow from."""

    reason: str


Heard = Bounce | Delay | Arrival | Complaint | Automatic | Reply | Nothing

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_NOT_COMPLAINTS = ("not-spam", "auth-failure", "dmarc", "virus")
"""Of a feedback report: not of somebody who did not want the mail (RFC 6430, RFC 6591, RFC 5965)."""
_QMAIL = "hi. this is the"
"""How a bounce of qmail and its kin begins (QSBMF, cr.yp.to/proto/qsbmf.txt)."""


def heard(raw: bytes, sender: str | None = None) -> Heard:
    """What it says. `sender` is the envelope's, empty for a bounce; None where nobody knows it."""
    if not raw.strip():
        return Nothing("empty")
    mail = parts_of(raw)
    if part := mail.first("message/feedback-report"):
        return _complaint(part)
    if part := mail.first(*_REPORTS):
        return _delivery(part.fields())
    if _report_type(mail) == "disposition-notification" or mail.first("message/disposition-notification"):
        return Automatic("receipt")
    if _report_type(mail) == "delivery-status" or _is_old_bounce(mail, sender):
        return _bounce_in_words(mail)
    if kind := automatic(mail, sender):
        return Automatic(kind)
    return _reply(mail, raw)


def _report_type(mail: Parts) -> str:
    """Without the library's reading of parameters, which takes long for bad ones."""
    _, found, after = mail.header("content-type").casefold().partition("report-type=")
    return after.partition(";")[0].strip(' "') if found else ""


def _complaint(part: Part) -> Heard:
    fields = {name: value for block in part.fields() for name, value in block.items()}
    kind = fields.get("feedback-type", "abuse").casefold()[:32]
    if kind in _NOT_COMPLAINTS:
        return Nothing("other_report")
    return Complaint(kind=kind if kind.isascii() and kind.replace("-", "").isalpha() else "other")


def _delivery(blocks: list[dict[str, str]]) -> Heard:
    """RFC 3464: one block of the mail, one for each recipient. Ours have one; the first that says an end counts."""
    recipients = [block for block in blocks if {"action", "status", "diagnostic-code"} & block.keys()]
    said = [_of_recipient(block) for block in recipients]
    ends = [one for one in said if isinstance(one, Bounce)] or said
    return ends[0] if ends else Bounce(meaning=meaning_of(None))


def _of_recipient(fields: dict[str, str]) -> Heard:
    diagnostic = fields.get("diagnostic-code", "")
    status = status_of(fields.get("status", ""), diagnostic)
    action = fields.get("action", "").casefold()
    if action == "delayed":
        return Delay()
    if action in ("delivered", "relayed", "expanded") or (not action and status and status.kind == "2"):
        return Arrival() if action in ("delivered", "") else Nothing("passed_on")
    return _bounced(status, diagnostic)


def _bounced(status: Status | None, words: str) -> Bounce:
    return Bounce(meaning=meaning_of(status, words), code=str(status) if status else None)


def _is_old_bounce(mail: Parts, sender: str | None) -> bool:
    """In words only, as qmail and old mail servers write them."""
    if mail.header("x-failed-recipients"):
        return True
    return of_a_mail_system(mail, sender) and _text(mail).strip().casefold().startswith(_QMAIL)


def _bounce_in_words(mail: Parts) -> Bounce:
    words = _text(mail)
    return _bounced(status_of(words), words)


def _reply(mail: Parts, raw: bytes) -> Reply:
    text = reply_in(_text(mail))
    named = mail.header("message-id") or sha256(raw).hexdigest()
    return Reply(text=text, stop=asks_to_stop(text), address=address_in(mail.header("from")), identity=named)


def _text(mail: Parts) -> str:
    plain, page = mail.first("text/plain"), mail.first("text/html")
    written = plain.text() if plain else ""
    return written if written.strip() or page is None else text_of_html(page.text())
