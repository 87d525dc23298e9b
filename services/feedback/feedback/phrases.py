"""The words of the customers' page, by language, from `phrases/`.

Nobody here knows which language a customer speaks (that is the notifier's): the page goes by what the browser asks for.
Read and compared at start: a language in which something is missing is an error then, not when somebody reads it.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

LANGUAGES: Final = ("en", "de", "es", "fr", "pt")
FALLBACK: Final = LANGUAGES[0]


class Phrases:
    """What is said in one language: `say("question", shop="Corner & Co")`."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.language = language
        self._words = words

    def __call__(self, key: str, **values: str) -> str:
        """The words of this key, with these values."""
        return self._words[key].format(**values)


def phrases_for(accepted: str) -> Phrases:
    """In the first language of a header Accept-Language that we speak; browsers put the best one first."""
    asked = (part.partition(";")[0].strip().partition("-")[0].lower() for part in accepted.split(","))
    return PHRASES[next((one for one in asked if one in PHRASES), FALLBACK)]


def _read() -> dict[str, Phrases]:
    folder = Path(__file__).with_name("phrases")
    read = {one: tomllib.loads((folder / f"{one}.toml").read_text(encoding="utf-8")) for one in LANGUAGES}
    for language, words in read.items():
        if different := words.keys() ^ read[FALLBACK].keys():
            raise ValueError(f"phrases/{language}.toml and phrases/{FALLBACK}.toml differ in {sorted(different)}")
    return {language: Phrases(language, words) for language, words in read.items()}


PHRASES: Final[Mapping[str, Phrases]] = MappingProxyType(_read())
