"""What a message says to one reader on one channel: sentences of the catalogue in the reader's language, put together.

Everything is checked and compiled at start, so that what is wrong with words stops the start and not a mail at night.
Owns which sentence holds and how sentences become a mail's text and page or a short message; the headers of a mail are
in letters.py.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from msgspec import Struct
from msgspec.structs import replace

from contracts.vocabulary import Channel, IssueKind
from notifier.catalogue import Catalogue, Conditions, Entry, Fault, Sentences, WordsRefused
from notifier.catalogue_files import catalogues
from notifier.foreign import clean, clean_paragraphs
from notifier.links import link_of
from notifier.material import FRAME, FRAME_SAMPLE, GIVEN_WHOLE, MATERIALS, OPENED, PARTS, SUMS, Material, key_of
from notifier.messages import Message
from notifier.outgoing import Composed
from notifier.people import Person, zone_of
from notifier.pieces import BLANK, Item, Said, paragraphs, short, text
from notifier.sentences import READER, BadSentence, Saying, saying
from notifier.shop import Shop
from notifier.spoken import Reader, babel_locale, money, number
from notifier.tongues import Tongues, keys_of, normal
from notifier.ways import NO_WAYS, Ways

LONGEST_SUBJECT = 150
_UNBREAKING = "\u00a0\u202f"
"""Spaces that end no line, as languages want them."""
LONGEST_UNBROKEN = 24
"""Signs of an order's or a parcel's number that have room on one line of a telephone."""
_WHOLE = Markup('<span style="white-space:nowrap">{}</span>')
_ABOUT_THE_READER = ("country", "tier")


class WordsFailed(jinja2.TemplateError):
    """Words that could not be filled in, although they were checked. Its text names no value."""


class _Choice(Struct, frozen=True):
    """A sentence, where its conditions hold."""

    conditions: Conditions
    say: Saying


class Words:
    """All words of one shop. Raises `WordsRefused` at once when any are missing or wrong."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        found = catalogues(shop.words)
        self._frames, self._entries = _compiled(found)
        self._readers = {locale: _reader_of(locale, frame) for locale, frame in self._frames.items()}
        self._layout, self._colours = _layout(), shop.look.colours
        version = _version(found, shop)
        known = {locale: frozenset(filter(one.complete, one.entries)) for locale, one in found.items()}
        self.tongues = Tongues(version=version, own=normal(shop.language) or "en", known=known)
        self.locales = tuple(sorted(found))

    @property
    def version(self) -> str:
        """Of all words and the layout."""
        return self.tongues.version

    def compose(self, message: Message, person: Person, channel: Channel, ways: Ways = NO_WAYS) -> Composed:
        """What `message` says to `person` there. Raises `WordsFailed`, which a checked catalogue does not lead to."""
        content = message.content
        locale = self.locale_of(message, person)
        try:
            said = self._said(message, person, channel, ways, locale)
        except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            key = key_of(message.kind, content.get("issue_kind"))
            raise WordsFailed(f"{locale}: {key}: {type(error).__name__}") from error
        subject = one_line(said.subject)
        if channel is not Channel.email:
            return Composed(subject=subject, text=short(said, channel), locale=locale, version=self.version)
        return Composed(
            subject=subject,
            text=text(said),
            html=self._page(said, subject, _unbroken_in(message)),
            locale=locale,
            version=self.version,
        )

    def locale_of(self, message: Message, person: Person) -> str:
        """The language that the message was decided to be said in; without one, that of the person now."""
        keys = keys_of(message.kind, message.content)
        decided = message.content.get("said_in", {}).get("locale")
        if decided and self.tongues.known.get(decided, frozenset()).issuperset(keys):
            return str(decided)
        return self.tongues.locale_for(person.language, keys)

    def _said(self, message: Message, person: Person, channel: Channel, ways: Ways, locale: str) -> Said:
        frame, shop = self._frames[locale], self.shop
        values = self._values(message, person, channel, locale)
        parts = self._parts(locale, keys_of(message.kind, message.content), values)
        happened, doing, you = (paragraphs(parts[part]) for part in ("happened", "doing", "you"))
        if also := message.content.get("also"):
            happened += [frame["also"](values), *self._others(also, message, values, locale)]
            doing.append(frame["also_doing"](values))
        if message.content.get("sorry"):
            doing[0] = f"{frame['sorry'](values)} {doing[0]}"
        return Said(
            subject=parts["subject"], happened=happened, doing=doing, you=you, short=parts.get("short"),
            hello=frame["hello" if values["given_name"] else "hello_nobody"](values),
            goods_words=parts.get("goods") or None, goods=tuple(self._goods(message.content, values, locale)),
            sums=_sums(message.content, parts, values),
            action=parts.get("action") or None,
            link=(ways.action or link_of(message.content)) if parts.get("action") else None,
            asks=ways.action is not None,
            about_order=frame["about_order"](values) if message.order_id else None,
            preferences=ways.preferences, preferences_words=frame["preferences"](values), question=ways.question,
            bye=frame["bye"](values), leads=frame["link"]({"words": BLANK}),
            shop=shop.name, mark=shop.look.mark or shop.name, imprint=shop.look.imprint, locale=locale,
        )  # fmt: skip

    def _goods(self, content: Mapping[str, Any], values: Mapping[str, Any], locale: str) -> Iterator[Item]:
        """What the message is about, by name; and how much more there is."""
        for good in content.get("goods") or ():
            price = _price(good.get("price_minor"), content.get("currency"), values)
            yield Item(f"{number(values[READER], good['pieces'])} × {clean(good['name'])}", price)
        if more := content.get("more_goods"):
            yield Item(self._frames[locale]["more"]({**values, "more": more}))

    def _values(self, message: Message, person: Person, channel: Channel, locale: str) -> dict[str, Any]:
        key = key_of(message.kind, message.content.get("issue_kind"))
        about = {"given_name": person.given_name, "order_id": message.order_id, "shop": self.shop.name}
        about["reply"] = self._reply(channel, locale)
        values = {**self._material(key, message.content, locale), **about}
        level = message.content.get("said_in", {}).get("tier")
        return {"tier": level, **values, "country": person.country, READER: self._reader(person, locale)}

    def _reply(self, channel: Channel, locale: str) -> str:
        """How the reader answers: where nobody hears what is answered to a message, at the shop's address."""
        frame = self._frames[locale]
        return frame["reply"]({}) if channel is Channel.email else frame["write"]({"address": self.shop.address})

    def _material(self, key: str, content: Mapping[str, Any], locale: str) -> dict[str, Any]:
        """What the entry's sentences may use; nothing where nothing is known, also of messages of older versions."""
        cleaned = clean_paragraphs if key in GIVEN_WHOLE else clean
        values = {**dict.fromkeys(MATERIALS[key].missing), **{name: cleaned(value) for name, value in content.items()}}
        if key == key_of(OPENED, IssueKind.disruption):
            ours = locale.partition("-")[0] == self.tongues.own.partition("-")[0]
            values["declared"] = values.get("known") if ours else None  # staff wrote it in the shop's language
        return values

    def _reader(self, person: Person, locale: str) -> Reader:
        """Numbers and days as they are usual where the reader is, if their language is the one it is said in."""
        wanted = normal(person.language) or locale
        same = wanted.partition("-")[0] == locale.partition("-")[0]
        return replace(
            self._readers[locale], locale=wanted if same else locale, zone=zone_of(person.zone) or self.shop.zone
        )

    def _parts(self, locale: str, keys: list[str], values: dict[str, Any]) -> dict[str, str]:
        if len(keys) > 1 and keys[1].startswith(OPENED) and not keys[0].startswith(OPENED):
            opening = self._material(keys[1], values, locale)
            said = {part: _filled(choices, opening) for part, choices in self._entries[locale, keys[1]].items()}
            values["opening"] = {part: said[part] for part in PARTS}
            beside = {part: said[part] for part in ("action", "goods") if part in said}
        else:
            beside = {}
        return beside | {part: _filled(choices, values) for part, choices in self._entries[locale, keys[0]].items()}

    def _others(
        self, also: list[dict[str, Any]], message: Message, values: dict[str, Any], locale: str
    ) -> Iterator[str]:
        """What else went wrong, and with which order if it is another one."""
        for one in also:
            key = key_of(OPENED, one.get("issue_kind"))
            theirs = {**values, **self._material(key, one, locale)}
            happened = _filled(self._entries[locale, key]["happened"], theirs)
            which = self._frames[locale]["also_order"](theirs) if one.get("order_id") != message.order_id else ""
            yield f"{happened} {which}".rstrip()

    def _page(self, said: Said, subject: str, orders: list[str]) -> str:
        values = {name: getattr(said, name) for name in said.__struct_fields__}
        values |= {"subject": subject, "preheader": said.happened[0], "dir": babel_locale(said.locale).text_direction}
        return self._layout.render({**values, **self._colours, "order_id": said.about_order, "orders": orders})


@lru_cache(maxsize=4)
def words_of(shop: Shop) -> Words:
    """The words of that shop, checked and compiled once in a process. Raises `WordsRefused`."""
    return Words(shop)


def _sums(content: Mapping[str, Any], parts: Mapping[str, str], values: Mapping[str, Any]) -> tuple[Item, ...]:
    """What is added to the articles, and the total, as far as there are amounts and words; no total all by itself."""
    found = [name for name in SUMS if name in parts and content.get(f"{name}_minor") is not None]
    currency = content.get("currency")
    if not currency or not (content.get("goods") or len(found) > 1):
        return ()
    return tuple(Item(parts[name], _price(content[f"{name}_minor"], currency, values)) for name in found)


def _price(amount_minor: int | None, currency: str | None, values: Mapping[str, Any]) -> str | None:
    return money(values[READER], amount_minor, currency) if amount_minor is not None and currency else None


def one_line(subject: str) -> str:
    """Without line breaks and other control characters, which end a header."""
    printable = "".join(sign if sign.isprintable() or sign in _UNBREAKING else " " for sign in subject)
    plain = printable.replace("=?", "= ?")  # an encoded word (RFC 2047) may hold a line break of its own
    return " ".join(filter(None, plain.split(" ")))[:LONGEST_SUBJECT]


def _filled(choices: tuple[_Choice, ...], values: Mapping[str, Any]) -> str:
    """The most special sentence whose conditions hold; the plain one is the last and has none."""
    for choice in choices:
        if all(str(values.get(name)) == value for name, value in choice.conditions):
            return choice.say(values)
    return ""


_Frames = dict[str, dict[str, Saying]]
_Entries = dict[tuple[str, str], dict[str, tuple[_Choice, ...]]]


def _compiled(found: Mapping[str, Catalogue]) -> tuple[_Frames, _Entries]:
    faults: list[Fault] = []
    frames = {locale: _frame(one, faults) for locale, one in found.items()}
    entries: _Entries = {}
    for locale, one in found.items():
        for key, entry in one.entries.items():
            by_part: dict[str, list[_Choice]] = {}
            for when in sorted(entry.written, key=_special):
                for part in entry.written[when]:
                    say = _checked(locale, key, part, entry.written[when], MATERIALS[key], faults, when)
                    by_part.setdefault(part, []).append(_Choice(when, say))
            entries[locale, key] = {part: tuple(choices) for part, choices in by_part.items()}
    if faults:
        raise WordsRefused(faults)
    return frames, entries


def _special(when: Conditions) -> tuple[int, int, Conditions]:
    """The more conditions, the earlier; of as many, what the message is about before tier, tier before country."""
    places = [_ABOUT_THE_READER[::-1].index(name) + 1 if name in _ABOUT_THE_READER else 0 for name, _ in when]
    return -len(when), sum(places), when


def _checked(
    locale: str, key: str, part: str, sentences: Sentences, material: Material, faults: list[Fault],
    when: Conditions = (),
) -> Saying:  # fmt: skip
    """The sentence, read and tried with samples; what is wrong is put to `faults`."""
    written = sentences[part]
    place = ".".join([key, *(f"when.{name}.{value}" for name, value in when), part])
    try:
        say = saying(written.text, material.names, locale)
        said = [say({**sample, READER: Reader(locale=locale)}).strip() for sample in material.samples]
    except (BadSentence, jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        faults.append(Fault(written.file, place, str(error)))
        return lambda _: ""
    if part in PARTS and not all(said):
        faults.append(Fault(written.file, place, "says nothing when all is unknown that can be"))
    return say


def _frame(catalogue: Catalogue, faults: list[Fault]) -> dict[str, Saying]:
    samples = {name: {one: FRAME_SAMPLE.get(one, one) for one in names} for name, names in FRAME.items()}
    return {
        name: _checked(catalogue.locale, "frame", name, catalogue.frame, Material(sample=sample), faults)
        for name, sample in samples.items()
    }


def _reader_of(locale: str, frame: dict[str, Saying]) -> Reader:
    """How the language writes days, for somebody whose zone nobody knows yet."""
    day, first, clock = (frame[name]({}) for name in ("day", "first", "clock"))
    both = frame["day_and_clock"]({name: f"{{{name}}}" for name in FRAME["day_and_clock"]})
    return Reader(locale=locale, day=day, first=first, clock=clock, day_and_clock=both)


def _layout() -> jinja2.Template:
    loader = jinja2.PackageLoader("notifier", "words")
    made = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )  # fmt: skip
    made.filters["unbroken"] = unbroken
    return made.get_template("letter.html")


def _unbroken_in(message: Message) -> list[str]:
    """The numbers that it names, of orders and of its parcel."""
    also = (one.get("order_id") for one in message.content.get("also") or ())
    named = dict.fromkeys((message.order_id, *also, clean(message.content.get("tracking_number"))))
    return [one for one in named if one and len(one) <= LONGEST_UNBROKEN]


def unbroken(text: str, orders: list[str]) -> Markup:
    """The text as HTML, in which the number of an order stays on one line: people read it out and type it off.

    By style and not by a hyphen that does not break: what is copied has to be the number.
    """
    safe = escape(text)
    for one in map(escape, orders):
        safe = safe.replace(one, _WHOLE.format(one))
    return safe


def _version(found: Mapping[str, Catalogue], shop: Shop) -> str:
    """Changes with any word, with the layout, and with what the shop puts around them."""
    said = [
        (locale, key, when, sorted((part, one.text) for part, one in sentences.items()))
        for locale, catalogue in sorted(found.items())
        for key, entry in [("frame", Entry({(): catalogue.frame})), *sorted(catalogue.entries.items())]
        for when, sentences in sorted(entry.written.items())
    ]
    layout = Path(__file__).with_name("words").joinpath("letter.html").read_text(encoding="utf-8")
    return sha256(repr((said, layout, shop.name, shop.look)).encode()).hexdigest()[:12]
