"""The words of the customer's page, by language, from `phrases/`. Those of messages are in `words/`.

Read and compared at start: a language in which something is missing is an error then, not when somebody reads it.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from notifier.preferences import LANGUAGES

FALLBACK = LANGUAGES[0]


class Phrases:
    """What is said in one language: `say("title", shop="Corner & Co")`."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.language = language
        self._words = words

    def __call__(self, key: str, **values: str) -> str:
        """The words of this key, with these values."""
        return self._words[key].format(**values)


def phrases_for(locale: str | None, accepted: str = "") -> Phrases:
    """In the language of a locale; of a reader whose locale nobody knows, in the first that their browser accepts.

    `accepted` is a header Accept-Language; its order counts, not its weights: browsers write the best one first.
    """
    wanted = [locale] if locale else [part.partition(";")[0].strip() for part in accepted.split(",")]
    languages = (one.replace("_", "-").partition("-")[0].lower() for one in wanted)
    return PHRASES[next((one for one in languages if one in PHRASES), FALLBACK)]


def _read() -> dict[str, Phrases]:
    folder = Path(__file__).with_name("phrases")
    read = {one: tomllib.loads((folder / f"{one}.toml").read_text(encoding="utf-8")) for one in LANGUAGES}
    for language, words in read.items():
        if different := words.keys() ^ read[FALLBACK].keys():
            raise ValueError(f"phrases/{language}.toml and phrases/{FALLBACK}.toml differ in {sorted(different)}")
    return {language: Phrases(language, words) for language, words in read.items()}


PHRASES: Mapping[str, Phrases] = MappingProxyType(_read())
