"""A message becomes a mail: what words.py composed, as MIME, under headers that nobody can break out of.

Values in headers are other people's. Headers that every mail has are parsed once.
"""

from binascii import b2a_qp
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import Any

from contracts.ids import derived_id
from contracts.vocabulary import Channel
from notifier.messages import Message
from notifier.outgoing import Composed
from notifier.people import Person
from notifier.shop import Shop
from notifier.ways import NO_WAYS, Ways
from notifier.words import Words, words_of

_ALTERNATIVES = SMTP.header_factory("Content-Type", 'multipart/alternative; boundary="=_alternative"')
"""The boundary cannot occur in a part: in quoted-printable nothing begins with `=_` (RFC 2045, section 6.7)."""
_TEXT = SMTP.header_factory("Content-Type", 'text/plain; charset="utf-8"')
_HTML = SMTP.header_factory("Content-Type", 'text/html; charset="utf-8"')
_ENCODING = SMTP.header_factory("Content-Transfer-Encoding", "quoted-printable")
_VERSION = SMTP.header_factory("MIME-Version", "1.0")
_AUTOMATIC = SMTP.header_factory("Auto-Submitted", "auto-generated")
"""RFC 3834: no out-of-office answers, please."""
_ONE_CLICK = SMTP.header_factory("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


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
        mail["Content-Language"] = _language(composed.locale)
        mail["X-Rapport-Words"] = _words(composed.version)
        mail["MIME-Version"] = _VERSION
        mail["Content-Type"] = _ALTERNATIVES
        mail.attach(_part(_TEXT, composed.text))
        mail.attach(_part(_HTML, composed.html or ""))
        return mail

    def _address(self, mail: EmailMessage, message: Message, person: Person) -> None:
        mail["From"] = self._from
        mail["To"] = Address(person.given_name or "", addr_spec=person.email or "")
        mail["Date"] = message.ready_at or message.intended_at
        mail["Message-ID"] = f"<{message.message_id}@{self._domain}>"
        mail["Auto-Submitted"] = _AUTOMATIC
        if message.order_id is not None:
            mail["X-Rapport-Order"] = message.order_id

    def _thread(self, mail: EmailMessage, message: Message) -> None:
        """Mails about one order stand together: all of them refer to one that was never sent (RFC 5322, 3.6.4)."""
        if message.order_id is not None:
            order = derived_id("thread", message.customer_id, message.order_id)
            mail["In-Reply-To"] = mail["References"] = f"<order-{order}@{self._domain}>"


@lru_cache(maxsize=100)
def _language(locale: str) -> Any:
    return SMTP.header_factory("Content-Language", locale)


@lru_cache(maxsize=10)
def _words(version: str) -> Any:
    return SMTP.header_factory("X-Rapport-Words", version)


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
