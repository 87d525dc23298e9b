"""A message becomes a mail: words from the catalogue, plain text and HTML, headers that nobody can break out of.

The templates are the shop's, the values are other people's: sandboxed, escaped, and an unknown value is an error.
All of them are compiled at start, so that a missing one is noticed then and not at night.
"""

from datetime import datetime, timedelta, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
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


class Shop(Struct, frozen=True, kw_only=True):
    """Who writes."""

    name: str
    address: str
    zone: tzinfo


class Letters:
    """Writes mails for one shop. Raises `jinja2.TemplateError` at once when words are missing or wrong."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._text = _environment(autoescape=False)
        self._html = _environment(autoescape=True)
        for name in ("letter.txt", *_names()):
            self._text.get_template(name)
        for name in ("letter.html", *_names()):
            self._html.get_template(name)

    def letter(self, message: Message, person: Person, *, link: str | None) -> EmailMessage:
        """The mail that says `message` to `person`, who has an address."""
        name = _name_of(message)
        values = self._values(message, person, link)
        subject, _, text = self._text.get_template(name).render(values, layout="letter.txt").partition("\n")
        html = self._html.get_template(name).render(values, layout="letter.html")
        mail = EmailMessage(policy=SMTP)
        self._address(mail, message, person)
        mail["Subject"] = _one_line(subject)
        mail.set_content(_paragraphs(text), cte="quoted-printable")
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        return mail

    def _address(self, mail: EmailMessage, message: Message, person: Person) -> None:
        mail["From"] = Address(self._shop.name, addr_spec=self._shop.address)
        mail["To"] = Address(person.given_name or "", addr_spec=person.email or "")
        mail["Date"] = format_datetime(message.ready_at or message.intended_at)
        mail["Message-ID"] = f"<{message.message_id}@{self._shop.address.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        if message.order_id is not None:
            mail["X-Rapport-Order"] = message.order_id

    def _values(self, message: Message, person: Person, link: str | None) -> dict[str, Any]:
        zone = zone_of(person.zone) or self._shop.zone
        about = {"given_name": person.given_name, "order_id": message.order_id, "shop": self._shop.name, "link": link}
        return {**message.content, **about, "day": _Day(zone)}


class _Day:
    """Says a moment as a day on the reader's clock."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def __call__(self, moment: str) -> str:
        """Monday 5 October. What ends at midnight ends on the day before."""
        local = (datetime.fromisoformat(moment) - timedelta(seconds=1)).astimezone(self._zone)
        return f"{local:%A} {local.day} {local:%B}"


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.PackageLoader("notifier", "words"), undefined=jinja2.StrictUndefined, autoescape=autoescape,
        trim_blocks=True, lstrip_blocks=True,
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


def _one_line(subject: str) -> str:
    """Without line breaks and other control characters, which end a header."""
    printable = "".join(sign if sign.isprintable() else " " for sign in subject)
    return " ".join(printable.split())[:LONGEST_SUBJECT]


def _paragraphs(text: str) -> str:
    """One line per paragraph: mail programs wrap better than we do."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return "\n\n".join(filter(None, paragraphs)) + "\n"
