"""Fields of a provider's body, taken for what they are: what has another shape counts as not there.

Providers leave fields out, write null, numbers for texts and texts for numbers, and add fields without a word. A hook
is not lost for that. Must not know a provider.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from orders_listener.ingest.hooks import Hook, read

Part: TypeAlias = Mapping[str, Any]
"""An object of a body; `{}` where there is none."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_LINK: Final = re.compile(r"https://[\x21-\x7e]+", re.ASCII)
WORD, SENTENCE, LINK = 64, 500, 2_000
"""How long texts of the contracts may be."""


def document(hook: Hook) -> Part:
    """The whole body, an object. Raises `BadHook`."""
    return read(dict[str, Any], hook)


def part(value: object) -> Part:
    """The object that stands there."""
    return value if isinstance(value, dict) else {}


def parts(value: object) -> Sequence[Part]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object, most: int = SENTENCE) -> str | None:
    """What is written there, a whole number too, without signs that nobody can read; None where that is nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    return _CONTROL.sub(" ", value).strip()[:most].strip() or None


def link(value: object) -> str | None:
    """An address that is safe to open, as our contracts have them; None for any other."""
    found = text(value, LINK + 1)
    return found if found and len(found) <= LINK and _LINK.fullmatch(found) else None


def identifier(value: object) -> str | None:
    """An id as our contracts have them. None for an empty one, a zero (which providers write for none), and others."""
    found = text(value, 129)
    return found if found and found != "0" and _IDENTIFIER.fullmatch(found) else None
