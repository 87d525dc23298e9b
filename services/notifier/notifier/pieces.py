"""What one message says, in pieces, and how the pieces become plain text: a mail's, or the little that fits elsewhere.

Owns order and length. Must not know languages or templates.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from contracts.vocabulary import Channel
from notifier.question import Question

LONGEST = {Channel.sms: 300, Channel.push: 180}
"""Signs, with the link: two short messages of the telephone network, and what a locked screen shows."""
BLANK = "{}"
_PLAIN_SPACES = str.maketrans("\u00a0\u202f", "  ")
"""The alphabet of text messages has no other space (3GPP TS 23.038): one more, and only 70 signs fit instead of 160."""
LEAST = 90
"""So many signs are words, however long the link is."""
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
"""Not those that break no line: French has one before `?` and inside « », money before its currency."""
_SENTENCE = re.compile(r"(?<=[.!?…])[ \n]+")
_PARAGRAPH = re.compile(r"\n\s*\n")


class Said(Struct, frozen=True, kw_only=True):
    """One message in one language, filled in: plain text, each item of a list a paragraph."""

    subject: str
    hello: str
    happened: list[str]
    doing: list[str]
    you: list[str]
    short: str | None
    action: str | None
    link: str | None
    about_order: str | None
    preferences: str | None
    preferences_words: str
    question: Question | None
    shop: str
    bye: str
    mark: str
    imprint: str | None
    leads: str
    """How words stand before an address, with `BLANK` for the words."""
    locale: str


def paragraphs(part: str) -> list[str]:
    """What stands between empty lines, each on one line."""
    return [_on_one_line(one) for one in _PARAGRAPH.split(part.strip())]


def text(said: Said) -> str:
    """The plain text of a mail: one line per paragraph, since mail programs wrap better than we do."""
    return "\n\n".join(filter(None, _lines(said))) + "\n"


def short(said: Said, channel: Channel) -> str:
    """As much as fits: what is written for it, or the subject and the sentences that have room, whole ones."""
    if channel not in LONGEST:
        return _talk(said)
    link = f" {said.link}" if said.link else ""
    room = max(LONGEST[channel] - len(link), LEAST)
    if said.short:
        words = _cut(_on_one_line(said.short), room)
    else:
        words = _filled_up(f"{said.shop}:" if channel is Channel.sms else "", said, room).strip()
    return (words.translate(_PLAIN_SPACES) if channel is Channel.sms else words) + link


def _lines(said: Said) -> Iterator[str]:
    yield said.hello
    yield from (*said.happened, *said.doing, *said.you)
    if said.link and said.action:
        yield said.leads.replace(BLANK, said.action)
        yield said.link
    yield said.bye
    yield said.about_order or ""
    if said.preferences:
        yield said.leads.replace(BLANK, said.preferences_words)
        yield said.preferences
    if said.question:
        yield said.question.words
        for answer in said.question.answers:
            yield f"{said.leads.replace(BLANK, answer.words)} {answer.address}"
    yield said.imprint or ""


def _talk(said: Said) -> str:
    """Where there is room for a few lines, as in a chat."""
    return "\n\n".join(filter(None, [*said.happened, *said.doing, *said.you, said.link]))


def _filled_up(opening: str, said: Said, room: int) -> str:
    """The opening, and of each part as many sentences from its beginning as have room.

    First what happened, then what the reader can do, then what we do; said in the usual order.
    """
    parts = [_sentences(part) for part in (said.happened, said.doing, said.you)]
    taken = [0, 0, 0]
    for place in (0, 2, 1):
        while taken[place] < len(parts[place]):
            taken[place] += 1
            if len(_joined(opening, parts, taken)) > room:
                taken[place] -= 1
                break
    return _joined(opening, parts, taken) if any(taken) else _cut(f"{opening} {parts[0][0]}", room)


def _sentences(part: list[str]) -> list[str]:
    return [sentence for paragraph in part for sentence in _SENTENCE.split(paragraph)]


def _joined(opening: str, parts: list[list[str]], taken: list[int]) -> str:
    chosen = (sentence for part, most in zip(parts, taken, strict=True) for sentence in part[:most])
    return " ".join(filter(None, [opening, *chosen]))


def _cut(line: str, room: int) -> str:
    return line if len(line) <= room else line[: max(room - 1, 0)].rstrip() + "…"


def _on_one_line(paragraph: str) -> str:
    return _SPACES.sub(" ", paragraph).strip()
