"""What one message says, in pieces, and how the pieces become plain text: a mail's, or the little that fits elsewhere.

Owns order and length. Must not know languages or templates.
"""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from contracts.vocabulary import Channel
from notifier import telephone
from notifier.question import Question

LONGEST_NOTICE = 180
"""Signs, with the link: what a locked screen shows."""
LITTLE_ROOM = (Channel.sms, Channel.push)
BLANK = "{}"
LEAST = 90
"""So many signs are words, however long the link is."""
HasRoom = Callable[[str], bool]
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
"""Not those that break no line: French has one before `?` and inside « », money before its currency."""
_SENTENCE = re.compile(r"(?<=[.!?…])[ \n]+")
_PARAGRAPH = re.compile(r"\n\s*\n")


class Item(Struct, frozen=True):
    """One line of what a message is about: so many of what, and for how much."""

    words: str
    price: str | None = None


class Said(Struct, frozen=True, kw_only=True):
    """One message in one language, filled in: plain text, each item of a list a paragraph."""

    subject: str
    hello: str
    happened: list[str]
    doing: list[str]
    you: list[str]
    short: str | None
    goods_words: str | None
    """What stands above the list of goods; without it there is none."""
    goods: tuple[Item, ...]
    sums: tuple[Item, ...] = ()
    """Under the goods, the last one the total."""
    action: str | None
    link: str | None
    asks: bool
    """It asks for something, and is worth little without the link."""
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
    match channel:
        case Channel.sms:
            return _text_message(said)
        case Channel.push:
            return _notice(said)
    return _talk(said)


def _text_message(said: Said) -> str:
    """No more than two parts of the telephone network, also where the words need another alphabet than the link.

    In the reader's own letters where there is room for them, otherwise in those that the network sends for one place.
    """
    link = f" {said.link}" if said.link else ""
    if said.link and not said.asks and not telephone.fits("x" * LEAST + link):
        link = ""  # who has no room for words says them without it
    words = _words(f"{said.shop}:", said, lambda words: telephone.fits(telephone.plain(words) + link))
    return words + link if telephone.fits(words + link) else telephone.plain(words) + link


def _notice(said: Said) -> str:
    link = f" {said.link}" if said.link else ""
    room = max(LONGEST_NOTICE - len(link), LEAST)
    return _words("", said, lambda words: len(words) <= room) + link


def _words(opening: str, said: Said, has_room: HasRoom) -> str:
    if said.short:
        return _cut(_on_one_line(said.short), has_room)
    return _filled_up(opening, said, has_room).strip()


def _lines(said: Said) -> Iterator[str]:
    yield said.hello
    yield from said.happened
    yield _list(said)
    yield from (*said.doing, *said.you)
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
    return "\n\n".join(filter(None, [*said.happened, _list(said), *said.doing, *said.you, said.link]))


def _list(said: Said) -> str:
    """The goods and what they come to, each on a line of its own."""
    lines = [f"- {item.words} – {item.price}" if item.price else f"- {item.words}" for item in said.goods]
    goods = [said.goods_words, *lines] if said.goods_words and lines else []
    return "\n".join([*goods, *(f"{said.leads.replace(BLANK, item.words)} {item.price}" for item in said.sums)])


def _filled_up(opening: str, said: Said, has_room: HasRoom) -> str:
    """The opening, and of each part as many sentences from its beginning as have room.

    First what happened, then what the reader can do, then what we do; said in the usual order.
    """
    parts = [_sentences(part) for part in (said.happened, said.doing, said.you)]
    taken = [0, 0, 0]
    for place in (0, 2, 1):
        while taken[place] < len(parts[place]):
            taken[place] += 1
            if not has_room(_joined(opening, parts, taken)):
                taken[place] -= 1
                break
    return _joined(opening, parts, taken) if any(taken) else _cut(f"{opening} {parts[0][0]}", has_room)


def _sentences(part: list[str]) -> list[str]:
    return [sentence for paragraph in part for sentence in _SENTENCE.split(paragraph)]


def _joined(opening: str, parts: list[list[str]], taken: list[int]) -> str:
    chosen = (sentence for part, most in zip(parts, taken, strict=True) for sentence in part[:most])
    return " ".join(filter(None, [opening, *chosen]))


def _cut(line: str, has_room: HasRoom) -> str:
    if has_room(line):
        return line
    while line and not has_room(line + "…"):
        line = line[:-1]
    return line.rstrip() + "…"


def _on_one_line(paragraph: str) -> str:
    return _SPACES.sub(" ", paragraph).strip()
