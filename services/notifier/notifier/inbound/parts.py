"""A mail taken apart, whoever wrote it: headers as text, parts as bytes. Raises nothing; a bad one takes no longer.

Only the beginning of a mail is read: what somebody says, and what a report says, comes before what they attach. What
would make the standard library slow or deep (nesting, endless headers) is not taken apart at all: its headers count,
and its body as it stands. Must not know what a mail means.
"""

import codecs
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from typing import Any, NamedTuple

READ_BYTES = 524_288
MOST_BOUNDARIES = 15
MOST_DASHES = 1_000
"""Lines that begin as boundaries do."""
MOST_PARTS = 100
LONGEST_CONTENT_TYPE = 4_096
"""Bytes; the library needs the square of it."""
LONGEST_HEADER = 2_000
LONGEST_TEXT_BYTES = 262_144

_BOUNDARY = re.compile(rb"boundary[ \t]*(?:\*[0-9]*\*?)?[ \t]*=", re.IGNORECASE)
_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:(?:[^\n]*\n[ \t])*[^\n]*", re.IGNORECASE | re.MULTILINE)
_SPOKEN = re.compile(r"utf|iso|cp|windows|koi8|gb|big5|shift|euc|mac|ascii|latin|hz|johab|ks_c|tis", re.IGNORECASE)
"""Charsets of texts. Others that Python knows are slow, or are none."""


class Part(NamedTuple):
    """Something that has a type of its own."""

    kind: str
    """In small letters, `text/plain`."""
    message: Any
    whole: bool
    """It was taken apart; False: its payload is the body as it stands."""

    def text(self) -> str:
        """What stands there, as well as it can be read."""
        return _read(self.message, self.whole)

    def fields(self) -> list[dict[str, str]]:
        """Blocks of `Name: value`, names in small letters, as reports have them (RFC 3464, RFC 5965)."""
        return _blocks(self.message)

    @property
    def attached(self) -> bool:
        """It is something to keep, rather than something to read."""
        return header(self.message, "content-disposition").casefold().startswith("attachment")


class Parts(NamedTuple):
    """A mail."""

    head: Any
    parts: tuple[Part, ...]
    """In the order in which they stand, the outer one first; not those of mails that are inside."""

    def header(self, name: str) -> str:
        """Its first one of that name; empty where there is none."""
        return header(self.head, name)

    def first(self, *kinds: str) -> Part | None:
        """The first part of one of these types that is no attachment."""
        return next((part for part in self.parts if part.kind in kinds and not part.attached), None)


def parts_of(raw: bytes) -> Parts:
    """The mail whose bytes these are, or begin with these."""
    begins = raw[:READ_BYTES]
    try:
        if _is_harmless(begins):
            message = BytesParser().parsebytes(begins)
            return Parts(message, tuple(_walk(message)))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError):
        pass  # the library's own trouble: what follows cannot have any
    message = BytesHeaderParser().parsebytes(begins)
    return Parts(message, (Part("text/plain", message, whole=False),))


def header(message: Any, name: str) -> str:
    """The header on one line, without signs that nobody can read, as far as it is worth reading."""
    try:
        found = message.get(name)
        written = "" if found is None else str(found)
    except (MessageError, ValueError, LookupError, TypeError):
        return ""
    return " ".join(_clean(written[:LONGEST_HEADER]).split())


def spoken(written: str) -> str:
    """A header with its encoded words (RFC 2047) read."""
    try:
        pieces = decode_header(written[:500])
        return "".join(
            piece if isinstance(piece, str) else _decoded(piece, charset or "latin-1") for piece, charset in pieces
        )
    except (MessageError, ValueError, LookupError, TypeError):
        return written


def _is_harmless(begins: bytes) -> bool:
    if len(_BOUNDARY.findall(begins)) > MOST_BOUNDARIES or begins.count(b"\n--") > MOST_DASHES:
        return False
    types = _CONTENT_TYPE.findall(begins)
    return len(types) <= MOST_PARTS and all(len(one) <= LONGEST_CONTENT_TYPE for one in types)


def _walk(message: Message) -> Iterator[Part]:
    waiting, found = [message], 0
    while waiting and found < MOST_PARTS:
        one = waiting.pop(0)
        found += 1
        kind = one.get_content_type()
        yield Part(kind, one, whole=True)
        payload: Any = one.get_payload()
        if kind.startswith("multipart/") and isinstance(payload, list):
            waiting = [*payload, *waiting]


def _read(message: Any, whole: bool) -> str:
    try:
        if not whole:
            return _clean(str(message.get_payload())[:LONGEST_TEXT_BYTES])
        payload = message.get_payload(decode=True)
        charset = message.get_content_charset() or "utf-8"
        return _clean(_decoded(payload[:LONGEST_TEXT_BYTES], charset)) if isinstance(payload, bytes) else ""
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        return ""


def _decoded(written: bytes, charset: str) -> str:
    try:
        if _SPOKEN.match(charset) and "escape" not in codecs.lookup(charset).name:
            return written.decode(charset, "strict")
    except (LookupError, ValueError):
        pass
    try:
        return written.decode("utf-8")
    except ValueError:
        return written.decode("latin-1")


def _clean(text: str) -> str:
    """Without NUL and other control signs, and without halves of signs."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in whole if sign in "\n\t" or (sign >= " " and sign != "\x7f"))


def _blocks(message: Any) -> list[dict[str, str]]:
    """The library has read some of it as headers of mails: those, and what is left as text."""
    payload = message.get_payload()
    blocks: list[dict[str, str]] = []
    for inner in payload[:MOST_PARTS] if isinstance(payload, list) else []:
        blocks.append(_named([f"{name}: {header(inner, name)}" for name in list(inner.keys())[:MOST_PARTS]]))
        rest = inner.get_payload()
        blocks += _read_blocks(rest) if isinstance(rest, str) else []
    if isinstance(payload, str):
        blocks = _read_blocks(payload)
    return [block for block in blocks if block]


def _read_blocks(text: str) -> list[dict[str, str]]:
    unfolded = re.sub(r"\n[ \t]+", " ", _clean(text[:LONGEST_TEXT_BYTES]))
    return [_named(block.splitlines()) for block in unfolded.split("\n\n")[:MOST_PARTS]]


def _named(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().casefold(): value.strip()[:LONGEST_HEADER] for name, colon, value in pairs if colon}
