"""Looking for words that must not be there, in every spelling in which bytes are kept."""

import json
import unicodedata
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from html import escape
from quopri import encodestring
from urllib.parse import quote

SHORTEST_BASE64 = 8
"""Shorter pieces of base64 are found in anything."""

NEARBY_BYTES = 100


@cache
def spellings(word: str) -> frozenset[bytes]:
    """The word as text and bytes: UTF-8, UTF-16, Latin-1, decomposed; and those in hex, base64, JSON, URLs, mails."""
    found: set[bytes] = set()
    for form in (word, word.upper(), unicodedata.normalize("NFD", word)):
        raw = {form.encode(), form.encode("utf-16-le"), form.encode("utf-16-be")}
        raw |= {form.encode("latin-1")} if len(form) == len(word) else set()
        found |= raw | {one.hex().encode() for one in raw} | {piece for one in raw for piece in _base64(one)}
        found |= {json.dumps(form)[1:-1].encode(), quote(form).encode(), encodestring(form.encode(), quotetabs=False)}
        found |= {escape(form).encode(), form.encode("ascii", "xmlcharrefreplace")}
    return frozenset(found)


def _base64(raw: bytes) -> Iterable[bytes]:
    """What of it stands in base64 whatever comes before and behind: one piece for each place that it may begin at."""
    for before in range(3):
        encoded = b64encode(b"\x00" * before + raw).rstrip(b"=")
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        if last - first >= SHORTEST_BASE64:
            yield encoded[first:last]


def found_in(places: Mapping[str, bytes], words: Collection[str], *, stems: Iterable[str] = ()) -> dict[str, set[str]]:
    """Where which of the words stand, whatever their case where case is no part of the spelling.

    `stems` are what the words have in common, one for each: then only what stands around those is searched for words.
    """
    hits: dict[str, set[str]] = {}
    for place, content in places.items():
        searched = _around(content, stems) if stems else content
        lower = searched.lower()
        for word in words if searched else ():
            if any(one in searched or one.lower() in lower for one in spellings(word)):
                hits.setdefault(place, set()).add(word)
    return hits


def _around(content: bytes, stems: Iterable[str]) -> bytes:
    lower = content.lower()
    found: list[bytes] = []
    for stem in stems:
        for one in spellings(stem):
            place = lower.find(one.lower())
            while place >= 0:
                found.append(content[max(0, place - NEARBY_BYTES) : place + len(one) + NEARBY_BYTES])
                place = lower.find(one.lower(), place + len(one))
    return b"\n".join(found)
