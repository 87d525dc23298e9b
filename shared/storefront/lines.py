"""Facts as JSON lines, `{"type", "time", "data", "id"?}`: what the command line reads and writes. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from contracts import Event
from contracts.catalogue import catalogue
from contracts.envelope import entry_of
from storefront.errors import Unsayable
from storefront.saying import TOPICS, Said, event_of, record_of


class Line(Struct, omit_defaults=True):
    """One fact in a file."""

    type: str
    time: Annotated[datetime, Meta(tz=True)]
    data: Raw
    id: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class UnreadableLines(Exception):
    """Lines of a file that cannot be said; one sentence for each, with its number."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def line_of(said: Said) -> bytes:
    """One fact as a line, with its end."""
    line = Line(type=entry_of(type(said.fact)).type, time=said.said_at, data=Raw(msgspec.json.encode(said.fact)))
    return msgspec.json.encode(line) + b"\n"


def events_of(lines: Iterable[bytes], source: str) -> list[Event[Any]]:
    """All events of a file, checked; blank lines are passed over. Raises `UnreadableLines` naming every bad line."""
    events, mistakes = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            events.append(_event(line, source))
        except (Unsayable, msgspec.DecodeError, UnicodeDecodeError) as error:
            mistakes.append(f"line {number}: {error}")
    if mistakes:
        raise UnreadableLines(mistakes)
    return events


def _event(content: bytes, source: str) -> Event[Any]:
    line = msgspec.json.decode(content, type=Line)
    entry = catalogue().get(line.type)
    if entry is None or entry.topic not in TOPICS:
        known = sorted(name for name, each in catalogue().items() if each.topic in TOPICS)
        raise Unsayable(f"type {line.type!r} is none of {', '.join(known)}")
    event = event_of(Said(msgspec.json.decode(line.data, type=entry.fact), line.time), source, line.id)
    record_of(event)
    return event
