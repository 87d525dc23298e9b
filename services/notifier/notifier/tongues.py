"""In which language a message is said.

Owns the order in which languages are asked: the reader's locale, its language, the shop's own, English. A message is
never said in two languages: the first that has all of it holds.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from notifier.material import OPENED, WORSE, key_of

ENGLISH = "en"


class Tongues(Struct, frozen=True, kw_only=True):
    """Which languages have words for what, and which words those are."""

    version: str = ""
    """Names all words and the layout that are in force; stands in every decision to send."""
    own: str = ENGLISH
    """The shop's language."""
    known: dict[str, frozenset[str]] = {}
    """By locale, the entries that it has whole. English has all of them."""

    def locale_for(self, language: str | None, keys: Sequence[str]) -> str:
        """The first locale of the reader's chain in which all of it can be said."""
        for locale in self._chain(language):
            if self.known.get(locale, frozenset()).issuperset(keys):
                return locale
        return ENGLISH

    def words_for(self, language: str | None, kind: str, content: dict[str, Any]) -> dict[str, str]:
        """What stands in the decision to send and beside the message: the locale, and the version of all words."""
        return {"locale": self.locale_for(language, keys_of(kind, content)), "words": self.version}

    def _chain(self, language: str | None) -> Iterator[str]:
        locale = normal(language)
        if locale:
            yield locale
            yield locale.partition("-")[0]
        yield self.own
        yield self.own.partition("-")[0]


def normal(locale: str | None) -> str | None:
    """`pt_br` and `pt-Latn-BR` are pt-BR; None for none."""
    language, *others = (locale or "").replace("_", "-").split("-")
    region = next((one.upper() for one in others if len(one) == 2 and one.isalpha()), None)
    return (f"{language.lower()}-{region}" if region else language.lower()) or None


def keys_of(kind: str, content: dict[str, Any]) -> list[str]:
    """The entries that are needed to say a message with that content, its own first."""
    issue_kind = str(content.get("issue_kind") or "")
    keys = [key_of(kind, issue_kind)]
    if kind == WORSE:
        keys.append(key_of(OPENED, issue_kind))
    also = content.get("also")
    if isinstance(also, list):
        keys += [key_of(OPENED, str(one.get("issue_kind") or "")) for one in also]
    return keys
