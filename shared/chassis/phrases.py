"""The words of pages, by language: compared when they are read, chosen by what a reader speaks.

A language in which something is missing is an error at start, not when somebody reads it. What is said is others'.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path


class Phrases:
    """What is said in one language: `say("title", shop="Corner & Co")`."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.language = language
        self._words = words

    def __call__(self, key: str, **values: str) -> str:
        """The words of this key, with these values."""
        return self._words[key].format(**values)


class Phrasebook(Mapping[str, Phrases]):
    """Phrases by language; whoever speaks none of these reads the first one."""

    def __init__(self, words: Mapping[str, Mapping[str, str]]) -> None:
        """Raises `ValueError` where two languages do not have the same keys."""
        self._fallback = next(iter(words))
        for language, known in words.items():
            if different := known.keys() ^ words[self._fallback].keys():
                raise ValueError(f"the phrases in {language} and {self._fallback} differ in {sorted(different)}")
        self._phrases = {language: Phrases(language, known) for language, known in words.items()}

    @classmethod
    def of_folder(cls, folder: Path, languages: Sequence[str]) -> "Phrasebook":
        """From a file for each language: `en.toml`."""
        return cls({one: tomllib.loads((folder / f"{one}.toml").read_text(encoding="utf-8")) for one in languages})

    def for_locale(self, locale: str) -> Phrases:
        """In the language of a locale: `de-AT`."""
        return self._first([locale])

    def for_browser(self, accepted: str) -> Phrases:
        """By a header Accept-Language; its order counts, not its weights: browsers write the best one first."""
        return self._first(part.partition(";")[0].strip() for part in accepted.split(","))

    def _first(self, locales: Iterable[str]) -> Phrases:
        languages = (one.replace("_", "-").partition("-")[0].lower() for one in locales)
        return self._phrases[next((one for one in languages if one in self._phrases), self._fallback)]

    def __getitem__(self, language: str) -> Phrases:
        return self._phrases[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._phrases)

    def __len__(self) -> int:
        return len(self._phrases)
