"""Other people's texts, made fit to stand in a message: on one line, without signs that nobody sees, not too long."""

import re
import unicodedata
from typing import Any

LONGEST_VALUE, MOST_PARAGRAPHS = 1_000, 10
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


def clean(value: Any) -> Any:
    """Other people's text on one line, without control and direction marks, of a bearable length."""
    if isinstance(value, str):
        if not value.isprintable():
            value = "".join(_shown(sign) for sign in value)
        return " ".join(value.split())[:LONGEST_VALUE]
    if isinstance(value, list):
        return [clean(one) for one in value]
    return value


def clean_paragraphs(value: Any) -> Any:
    """The same for a longer text, which keeps its paragraphs."""
    if not isinstance(value, str):
        return value
    return "\n\n".join(filter(None, map(clean, _PARAGRAPH.split(value.replace("\r\n", "\n"))[:MOST_PARAGRAPHS])))


def _shown(sign: str) -> str:
    if sign.isprintable():
        return sign
    return "" if unicodedata.category(sign) in ("Cf", "Cs", "Co", "Cn") else " "
