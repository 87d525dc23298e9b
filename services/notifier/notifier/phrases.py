"""The words of the customer's page, by language, from `phrases/`. Those of messages are in `words/`."""

from pathlib import Path
from typing import Final

from chassis.phrases import Phrasebook, Phrases
from notifier.preferences import LANGUAGES

PHRASES: Final = Phrasebook.of_folder(Path(__file__).with_name("phrases"), LANGUAGES)


def phrases_for(locale: str | None, accepted: str = "") -> Phrases:
    """In the language of a locale; of a reader whose locale nobody knows, by their browser's header Accept-Language."""
    return PHRASES.for_locale(locale) if locale else PHRASES.for_browser(accepted)
