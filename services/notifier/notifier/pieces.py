"""What one message says, in pieces, and how the pieces become plain text: a mail's, or the little that fits elsewhere.

Owns order and length. Must not know languages or templates.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from contracts.vocabulary import Channel

LONGEST = {Channel.sms: 300, Channel.push: 180}
"""Signs, with the link: two short messages of the telephone network, and what a locked screen shows."""
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
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
    shop: str
    mark: str
    imprint: str | None
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
    room = LONGEST[channel] - len(link)
    if said.short:
        return _cut(_on_one_line(said.short), room) + link
    opening = f"{said.shop}: {_ended(said.subject)}" if channel is Channel.sms else ""
    return _filled_up(opening, said, room).strip() + link


def _lines(said: Said) -> Iterator[str]:
    yield said.hello
    yield from (*said.happened, *said.doing, *said.you)
    if said.link and said.action:
        yield f"{said.action}:"
        yield said.link
    yield said.shop
    yield said.about_order or ""
    if said.preferences:
        yield f"{said.preferences_words}:"
        yield said.preferences
    yield said.imprint or ""


def _talk(said: Said) -> str:
    """Where there is room for a few lines, as in a chat."""
    return "\n\n".join(filter(None, [*said.happened, *said.doing, *said.you, said.link]))


def _filled_up(opening: str, said: Said, room: int) -> str:
    """The opening, then in their order the sentences that have room: those on what to do are chosen first."""
    parts = [*said.happened, *said.doing, *said.you]
    sentences = [one for part in parts for one in _SENTENCE.split(part) if one]
    wanted = sorted(range(len(sentences)), key=lambda place: _weight(place, said))
    chosen: set[int] = set()
    for place in wanted:
        if len(_joined(opening, sentences, chosen | {place})) <= room:
            chosen.add(place)
    return _joined(opening, sentences, chosen) if chosen or opening else _cut(sentences[0], room)


def _weight(place: int, said: Said) -> tuple[int, int]:
    """First what happened, then what the reader can do, then what we do; of each the first sentence."""
    about = sum(len(_SENTENCE.split(part)) for part in said.happened)
    mine = about + sum(len(_SENTENCE.split(part)) for part in said.doing)
    return (0 if place < about else 1 if place >= mine else 2), place


def _joined(opening: str, sentences: list[str], chosen: set[int]) -> str:
    return " ".join(filter(None, [opening, *(sentences[place] for place in sorted(chosen))]))


def _ended(subject: str) -> str:
    return subject if subject.endswith((".", "!", "?", "…")) else f"{subject}."


def _cut(line: str, room: int) -> str:
    return line if len(line) <= room else line[: max(room - 1, 0)].rstrip() + "…"


def _on_one_line(paragraph: str) -> str:
    return " ".join(paragraph.split())
