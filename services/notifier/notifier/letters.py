"""A message becomes a mail: words from the catalogue, plain text and HTML, headers that nobody can break out of.

The templates are the shop's, the values are other people's: sandboxed, escaped, and an unknown value is an error.
All of them are compiled at start, so that a missing one is noticed then and not at night. Headers that every mail has
are parsed once.
"""

from binascii import b2a_qp
from datetime import datetime, timedelta, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from contracts.money import minor_per_unit
from contracts.vocabulary import IssueKind
from notifier.kinds import KINDS
from notifier.messages import Message
from notifier.people import Person, zone_of

LONGEST_SUBJECT = 150
_ALTERNATIVES = SMTP.header_factory("Content-Type", 'multipart/alternative; boundary="=_alternative"')
"""The boundary cannot occur in a part: in quoted-printable nothing begins with `=_` (RFC 2045, section 6.7)."""
_TEXT = SMTP.header_factory("Content-Type", 'text/plain; charset="utf-8"')
_HTML = SMTP.header_factory("Content-Type", 'text/html; charset="utf-8"')
_ENCODING = SMTP.header_factory("Content-Transfer-Encoding", "quoted-printable")
_VERSION = SMTP.header_factory("MIME-Version", "1.0")
_AUTOMATIC = SMTP.header_factory("Auto-Submitted", "auto-generated")
"""RFC 3834: no out-of-office answers, please."""
_ONE_CLICK = SMTP.header_factory("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


class Ways(Struct, frozen=True, kw_only=True):
    """Where a mail leads, as addresses of pages."""

    action: str | None = None
    """What the mail asks for, where it asks for something."""
    preferences: str | None = None
    """Where its reader chooses what they want to hear."""
    leaves: bool = False
    """One click in the mail program, which posts to `preferences`, ends this purpose."""


NO_WAYS = Ways()


class Shop(Struct, frozen=True, kw_only=True):
    """Who writes."""

    name: str
    address: str
    zone: tzinfo


class Letters:
    """Writes mails for one shop. Raises `jinja2.TemplateError` at once when words are missing or wrong."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._from = SMTP.header_factory("From", Address(shop.name, addr_spec=shop.address))
        self._text = _compiled("letter.txt", autoescape=False)
        self._html = _compiled("letter.html", autoescape=True)

    def letter(self, message: Message, person: Person, ways: Ways = NO_WAYS) -> EmailMessage:
        """The mail that says `message` to `person`, who has an address."""
        name = _name_of(message)
        values = self._values(message, person, ways)
        subject, _, text = self._text[name].render(values).partition("\n")
        html = self._html[name].render(values)
        mail = EmailMessage(policy=SMTP)
        self._address(mail, message, person)
        _let_leave(mail, ways)
        mail["Subject"] = _one_line(subject)
        mail["MIME-Version"] = _VERSION
        mail["Content-Type"] = _ALTERNATIVES
        mail.attach(_part(_TEXT, _paragraphs(text)))
        mail.attach(_part(_HTML, html))
        return mail

    def _address(self, mail: EmailMessage, message: Message, person: Person) -> None:
        mail["From"] = self._from
        mail["To"] = Address(person.given_name or "", addr_spec=person.email or "")
        mail["Date"] = message.ready_at or message.intended_at
        mail["Message-ID"] = f"<{message.message_id}@{self._shop.address.partition('@')[2]}>"
        mail["Auto-Submitted"] = _AUTOMATIC
        if message.order_id is not None:
            mail["X-Rapport-Order"] = message.order_id

    def _values(self, message: Message, person: Person, ways: Ways) -> dict[str, Any]:
        zone = zone_of(person.zone) or self._shop.zone
        about = {"given_name": person.given_name, "order_id": message.order_id, "shop": self._shop.name}
        leads = {"link": ways.action, "preferences": ways.preferences}
        return {**message.content, **about, **leads, "day": _Day(zone)}


class _Day:
    """Says a moment as a day on the reader's clock."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def __call__(self, moment: str) -> str:
        """Monday 5 October. What ends at midnight ends on the day before."""
        local = (datetime.fromisoformat(moment) - timedelta(seconds=1)).astimezone(self._zone)
        return f"{local:%A} {local.day} {local:%B}"


def _compiled(layout: str, *, autoescape: bool) -> dict[str, jinja2.Template]:
    """The words of every message by name, each in that layout."""
    environment = _environment(autoescape=autoescape)
    known = {"layout": environment.get_template(layout)}
    return {name: environment.get_template(name, globals=known) for name in _names()}


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.PackageLoader("notifier", "words"), undefined=jinja2.StrictUndefined, autoescape=autoescape,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.filters["money"] = _money
    return environment


def _names() -> list[str]:
    kinds = [f"{kind}.words" for kind in KINDS if kind != "issue_opened"]
    return kinds + [f"issues/{kind}.words" for kind in IssueKind]


def _name_of(message: Message) -> str:
    if message.kind == "issue_opened":
        return f"issues/{message.content['issue_kind']}.words"
    return f"{message.kind}.words"


def _money(amount_minor: int, currency: str) -> str:
    """59.90 EUR; 1200 JPY."""
    unit = minor_per_unit(currency)
    decimals = len(str(unit)) - 1
    return (
        f"{amount_minor // unit}.{amount_minor % unit:0{decimals}} {currency}"
        if decimals
        else f"{amount_minor} {currency}"
    )


class _Unfolded(str):
    """A header's content that stays on one line: a long address must be neither broken nor encoded (RFC 2047)."""

    __slots__ = ()
    name = "List-Unsubscribe"

    def fold(self, *, policy: Any) -> str:
        """As the email package writes headers."""
        return f"{self.name}: {self}{policy.linesep}"


def _let_leave(mail: EmailMessage, ways: Ways) -> None:
    """RFC 8058: the mail program posts to this address when its user clicks, without asking anything more."""
    if ways.preferences is not None and ways.leaves:
        mail["List-Unsubscribe"] = _Unfolded(f"<{ways.preferences}>")
        mail["List-Unsubscribe-Post"] = _ONE_CLICK


def _part(content_type: Any, text: str) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = content_type
    part["Content-Transfer-Encoding"] = _ENCODING
    part.set_payload(b2a_qp(text.encode()).decode("ascii"))
    return part


def _one_line(subject: str) -> str:
    """Without line breaks and other control characters, which end a header."""
    printable = "".join(sign if sign.isprintable() else " " for sign in subject)
    return " ".join(printable.split())[:LONGEST_SUBJECT]


def _paragraphs(text: str) -> str:
    """One line per paragraph: mail programs wrap better than we do."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return "\n\n".join(filter(None, paragraphs)) + "\n"
