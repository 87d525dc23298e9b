"""A message becomes a mail: what words.py composed, as MIME, under headers that nobody can break out of.

Values in headers are other people's. Headers that every mail has are parsed once.
"""

from binascii import b2a_qp
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from contracts.ids import derived_id
from contracts.vocabulary import Channel
from notifier.messages import Message
from notifier.outgoing import Composed
from notifier.people import Person
from notifier.shop import Shop
from notifier.ways import NO_WAYS, Ways
from notifier.words import Words, words_of

_ALTERNATIVES = 'multipart/alternative; boundary="=_alternative"'
"""The boundary cannot occur in a part: in quoted-printable nothing begins with `=_` (RFC 2045, section 6.7)."""
_TEXT = 'text/plain; charset="utf-8"'
_HTML = 'text/html; charset="utf-8"'
LONGEST_LINE = 998


class Letters:
    """Writes mails for one shop. Raises `WordsRefused` at once when words are missing or wrong."""

    def __init__(self, shop: Shop, words: Words | None = None) -> None:
        self.words = words or words_of(shop)
        self._domain = shop.address.partition("@")[2]
        self._from = SMTP.header_factory("From", Address(shop.name, addr_spec=shop.address))

    def letter(self, message: Message, person: Person, ways: Ways = NO_WAYS) -> EmailMessage:
        """The mail that says `message` to `person`, who has an address."""
        return self.mail(message, person, self.words.compose(message, person, Channel.email, ways), ways)

    def mail(self, message: Message, person: Person, composed: Composed, ways: Ways = NO_WAYS) -> EmailMessage:
        """The mail made of words that were composed for e-mail."""
        mail = EmailMessage(policy=SMTP)
        self._address(mail, message, person)
        self._thread(mail, message)
        _let_leave(mail, ways)
        mail["Subject"] = composed.subject
        _write(mail, "Content-Language", composed.locale)
        _write(mail, "X-Rapport-Words", composed.version)
        _write(mail, "MIME-Version", "1.0")
        _write(mail, "Content-Type", _ALTERNATIVES)
        mail.attach(_part(_TEXT, composed.text))
        mail.attach(_part(_HTML, composed.html or ""))
        return mail

    def _address(self, mail: EmailMessage, message: Message, person: Person) -> None:
        mail["From"] = self._from
        mail["To"] = Address(person.given_name or "", addr_spec=person.email or "")
        _write(mail, "Date", format_datetime(message.ready_at or message.intended_at))
        _write(mail, "Message-ID", f"<{message.message_id}@{self._domain}>")
        _write(mail, "Auto-Submitted", "auto-generated")  # RFC 3834: no out-of-office answers, please
        if message.order_id is not None:
            _write(mail, "X-Rapport-Order", message.order_id)

    def _thread(self, mail: EmailMessage, message: Message) -> None:
        """Mails about one order stand together: all of them refer to one that was never sent (RFC 5322, 3.6.4)."""
        if message.order_id is not None:
            order = derived_id("thread", message.customer_id, message.order_id)
            for name in ("In-Reply-To", "References"):
                _write(mail, name, f"<order-{order}@{self._domain}>")


class _Line(str):
    """A header that a program wrote: on one line, neither parsed nor broken nor encoded (RFC 2047 would hurt a link).

    Raises ValueError for what could break out of it.
    """

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, content: str) -> "_Line":
        """Printable ASCII and no more than a line holds (RFC 5322, section 2.1.1)."""
        if not (content.isascii() and content.isprintable()) or len(name) + len(content) > LONGEST_LINE - 2:
            raise ValueError(f"{name} has a character that is invalid in a header, or too many")
        made = super().__new__(cls, content)
        made.name = name
        return made

    def fold(self, *, policy: Any) -> str:
        """As the email package writes headers."""
        return f"{self.name}: {self}{policy.linesep}"


def _write(mail: EmailMessage, name: str, content: str) -> None:
    mail[name] = _Line(name, content)


def _let_leave(mail: EmailMessage, ways: Ways) -> None:
    """RFC 8058: the mail program posts to this address when its user clicks, without asking anything more."""
    if ways.preferences is not None and ways.leaves:
        _write(mail, "List-Unsubscribe", f"<{ways.preferences}>")
        _write(mail, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _part(content_type: str, text: str) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    _write(part, "Content-Type", content_type)
    _write(part, "Content-Transfer-Encoding", "quoted-printable")
    part.set_payload(b2a_qp(text.encode()).decode("ascii"))
    return part
