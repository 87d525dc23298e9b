"""A message becomes a mail: what words.py composed, as MIME, under headers that nobody can break out of.

Written as bytes at once, which takes a tenth of the time of objects of the email package. What is hard to write, names
and subjects in other scripts, that package writes all the same. Values in headers are other people's.
"""

import re
from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime

from contracts.ids import derived_id
from contracts.vocabulary import Channel
from notifier.messages import Message
from notifier.outgoing import Composed
from notifier.people import Person
from notifier.shop import Shop
from notifier.ways import NO_WAYS, Ways
from notifier.words import Words, words_of

_MIME = """MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="=_alternative"\r
"""
_PART = """--=_alternative\r
Content-Type: text/%s; charset="utf-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
"""
"""The boundary cannot occur in a part: in quoted-printable nothing begins with `=_` (RFC 2045, section 6.7)."""
_TEXT, _HTML, _END = (_PART % "plain").encode(), ("\r\n" + _PART % "html").encode(), b"\r\n--=_alternative--\r\n"
LONGEST_LINE = 998
SHORT_LINE = 78
"""RFC 5322, section 2.1.1: must not be exceeded; should not be."""
_PLAIN_NAME = re.compile(r"(?:[A-Za-z]+(?: [A-Za-z]+)*)?")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")

Headers = Sequence[tuple[str, str]]
"""Names and contents, as a program writes them."""


class Letters:
    """Writes mails for one shop. Raises `WordsRefused` at once when words are missing or wrong."""

    def __init__(self, shop: Shop, words: Words | None = None) -> None:
        self.words = words or words_of(shop)
        self._domain = shop.address.partition("@")[2]
        self._from = _folded("From", Address(shop.name, addr_spec=shop.address))

    def letter(self, message: Message, person: Person, ways: Ways = NO_WAYS, more: Headers = ()) -> bytes:
        """The mail that says `message` to `person`, who has an address. Raises ValueError for a bad one."""
        return self.mail(message, person, self.words.compose(message, person, Channel.email, ways), ways, more)

    def mail(
        self, message: Message, person: Person, composed: Composed, ways: Ways = NO_WAYS, more: Headers = ()
    ) -> bytes:
        """The mail made of words that were composed for e-mail. Every line ends in CRLF."""
        address = _to(person.given_name or "", person.email or "")
        written = "".join(_line(*header) for header in (*self._headers(message, ways, composed), *more))
        head = "".join((self._from, address, written, _subject(composed.subject), _MIME, "\r\n"))
        parts = (_TEXT, _quoted(composed.text), _HTML, _quoted(composed.html or ""), _END)
        return head.encode("ascii") + b"".join(parts)

    def _headers(self, message: Message, ways: Ways, composed: Composed) -> Iterator[tuple[str, str]]:
        yield "Date", format_datetime(message.ready_at or message.intended_at)
        yield "Message-ID", f"<{message.message_id}@{self._domain}>"
        yield "Auto-Submitted", "auto-generated"  # RFC 3834: no out-of-office answers, please
        if message.order_id is not None:
            yield "X-Rapport-Order", message.order_id
            thread = f"<order-{derived_id('thread', message.customer_id, message.order_id)}@{self._domain}>"
            # mails about one order stand together: all refer to one that was never sent (RFC 5322, section 3.6.4)
            yield "In-Reply-To", thread
            yield "References", thread
        if ways.preferences is not None and ways.leaves:
            # RFC 8058: the mail program posts to this address when its user clicks, without asking anything more
            yield "List-Unsubscribe", f"<{ways.preferences}>"
            yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Content-Language", composed.locale
        yield "X-Rapport-Words", composed.version


def _line(name: str, content: str) -> str:
    """A header that a program wrote, on one line: folding or encoding it (RFC 2047) would hurt a link.

    Raises ValueError for what could break out of it, or is longer than a line may be.
    """
    if not (content.isascii() and content.isprintable()) or len(name) + len(content) > LONGEST_LINE - 2:
        raise ValueError(f"{name} has a character that is invalid in a header, or too many")
    return f"{name}: {content}\r\n"


def _subject(subject: str) -> str:
    plain = subject.isascii() and subject.isprintable() and len("Subject: ") + len(subject) <= SHORT_LINE
    return f"Subject: {subject}\r\n" if plain else _folded("Subject", subject)


def _to(name: str, address: str) -> str:
    plain = _PLAIN_NAME.fullmatch(name) and _PLAIN_ADDRESS.fullmatch(address)
    if not plain or len("To:  <>") + len(name) + len(address) > SHORT_LINE:
        return _folded("To", Address(name, addr_spec=address))
    return f"To: {name} <{address}>\r\n" if name else f"To: {address}\r\n"


def _folded(name: str, content: object) -> str:
    """As the email package writes it: folded, and encoded where it is not ASCII. Raises ValueError for a line break."""
    header: str = SMTP.header_factory(name, content).fold(policy=SMTP)
    return header


def _quoted(text: str) -> bytes:
    return b2a_qp(text.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n")
