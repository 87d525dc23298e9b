"""A catalogue: what customers read in one language, as TOML that people can edit; its shape, what is laid over what.

Owns which tables and sentences there are. Must not know how a sentence is read (sentences.py), nor which language is
somebody's (tongues.py).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from contracts.vocabulary import IssueKind
from notifier.material import ACTIONS, FRAME, MATERIALS, OPENED, OPTIONAL_PARTS, PARTS, key_of

WHEN = "when"
LONGEST_SENTENCE = 2_000
LOCALE_FORM = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
ABOUT_THE_READER = ("country", "tier")
"""What a sentence may be made to depend on besides what its message is about."""
_PARTS = (*PARTS, *OPTIONAL_PARTS)

Conditions = tuple[tuple[str, str], ...]
"""Names and values that all have to hold, by name."""


class Fault(Struct, frozen=True):
    """Something wrong with a catalogue."""

    file: str
    key: str
    reason: str

    def __str__(self) -> str:
        """`de.toml: survey.subject: is missing`."""
        return f"{self.file}: {self.key}: {self.reason}" if self.key else f"{self.file}: {self.reason}"


class WordsRefused(ValueError):
    """Words that cannot be used; its text says everything that is wrong, a line each."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class Written(Struct, frozen=True):
    """One sentence as somebody wrote it, and in which file."""

    text: str
    file: str


Sentences = dict[str, Written]


class Entry(Struct, frozen=True):
    """Everything that is written for one kind of message: by conditions, those without any under ()."""

    written: dict[Conditions, Sentences]

    @property
    def plain(self) -> Sentences:
        """What holds where nothing more special does."""
        return self.written.get((), {})


class Catalogue(Struct, frozen=True):
    """The words of one locale."""

    locale: str
    frame: Sentences = {}
    entries: dict[str, Entry] = {}

    def complete(self, key: str) -> bool:
        """Whether a message of that entry can be said in this language."""
        entry = self.entries.get(key)
        return entry is not None and not missing_parts(key, entry) and FRAME.keys() <= self.frame.keys()


def missing_parts(key: str, entry: Entry) -> list[str]:
    """What an entry lacks to be said."""
    return [part for part in (*PARTS, *(["action"] if key in ACTIONS else [])) if part not in entry.plain]


def parsed(text: str, file: str, locale: str) -> tuple[Catalogue, list[Fault]]:
    """What a file says, and everything that is wrong with its shape."""
    faults: list[Fault] = []
    if not LOCALE_FORM.fullmatch(locale):
        return Catalogue(locale), [Fault(file, "", "a catalogue is named for its locale, like de.toml or pt-BR.toml")]
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Catalogue(locale), [Fault(file, "", str(error))]
    frame = _sentences(tables.pop("frame", {}), "frame", tuple(FRAME), file, faults)
    entries = {key: Entry(_written(table, key, file, faults)) for key, table in _tables(tables, file, faults)}
    return Catalogue(locale, frame, entries), faults


def laid_over(below: Catalogue, above: Catalogue) -> Catalogue:
    """Sentence by sentence, what stands above holds; the locale is that of the upper one."""
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        under = entries[key].written if key in entries else {}
        both = {**under, **{when: {**under.get(when, {}), **said} for when, said in entry.written.items()}}
        entries[key] = Entry(both)
    return Catalogue(above.locale, {**below.frame, **above.frame}, entries)


def _tables(tables: dict[str, Any], file: str, faults: list[Fault]) -> Iterator[tuple[str, dict[str, Any]]]:
    openings = tables.pop(OPENED, {})
    openings = _table(openings, OPENED, file, faults)
    for key, table in [*tables.items(), *((key_of(OPENED, kind), table) for kind, table in openings.items())]:
        if key in MATERIALS:
            yield key, _table(table, key, file, faults)
        else:
            kinds = ", ".join(IssueKind) if key.startswith(f"{OPENED}.") else ", ".join(MATERIALS)
            faults.append(Fault(file, key, f"nothing is called so; there are: {kinds}"))


def _written(
    table: dict[str, Any], key: str, file: str, faults: list[Fault], when: Conditions = ()
) -> dict[Conditions, Sentences]:
    """The table's own sentences, and those of what is nested in it as `when.<name>.<value>`."""
    nested = _table(table.pop(WHEN, {}), f"{key}.{WHEN}", file, faults)
    found = {when: _sentences(table, key, _PARTS, file, faults)} if table else {}
    for name, values in nested.items():
        place = f"{key}.{WHEN}.{name}"
        if name not in MATERIALS[key.partition(f".{WHEN}.")[0]].names and name not in ABOUT_THE_READER:
            faults.append(Fault(file, place, "sentences cannot depend on this"))
            continue
        for value, inner in _table(values, place, file, faults).items():
            deeper = tuple(sorted({**dict(when), name: value}.items()))
            at = f"{place}.{value}"
            found |= _written(_table(inner, at, file, faults), at, file, faults, deeper)
    return found


def _table(value: Any, key: str, file: str, faults: list[Fault]) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    faults.append(Fault(file, key, "should be a table of sentences"))
    return {}


def _sentences(table: Any, key: str, known: tuple[str, ...], file: str, faults: list[Fault]) -> Sentences:
    found = {}
    for name, text in _table(table, key, file, faults).items():
        if name not in known:
            faults.append(Fault(file, f"{key}.{name}", f"is not one of {', '.join(known)}"))
        elif not isinstance(text, str) or not text.strip() or len(text) > LONGEST_SENTENCE:
            faults.append(Fault(file, f"{key}.{name}", f"should be a text of 1 to {LONGEST_SENTENCE} characters"))
        else:
            found[name] = Written(text, file)
    return found
