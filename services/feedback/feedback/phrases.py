"""The words of the customers' page, by language, from `phrases/`.

Nobody here knows which language a customer speaks (that is the notifier's): the page goes by what the browser asks for.
"""

from pathlib import Path
from typing import Final

from chassis.phrases import Phrasebook

LANGUAGES: Final = ("en", "de", "es", "fr", "pt")
PHRASES: Final = Phrasebook.of_folder(Path(__file__).with_name("phrases"), LANGUAGES)
