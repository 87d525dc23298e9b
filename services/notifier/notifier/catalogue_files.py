"""Catalogues from files: ours in `words/`, and over them the shop's own folder.

Owns where words come from. What they may be is in catalogue.py.
"""

from pathlib import Path

from notifier.catalogue import Catalogue, Fault, WordsRefused, laid_over, missing_parts, parsed
from notifier.material import ASKED_FOR, FRAME
from notifier.tongues import ENGLISH

OURS = Path(__file__).with_name("words")
LARGEST_BYTES = 1_000_000


def catalogues(own: Path | None = None) -> dict[str, Catalogue]:
    """Every locale that has words, each as it holds: the language below the region, ours below the shop's.

    Raises `WordsRefused` with all that is wrong with the files' shape.
    """
    faults: list[Fault] = []
    ours, theirs = _read(OURS, faults), _read(own, faults) if own else {}
    if faults:
        raise WordsRefused(faults)
    found = {}
    for locale in sorted({*ours, *theirs}):
        layers = [words[name] for name in dict.fromkeys((locale.partition("-")[0], locale)) for words in (ours, theirs)
                  if name in words]  # fmt: skip
        whole = Catalogue(locale)
        for layer in layers:
            whole = laid_over(whole, layer)
        found[locale] = Catalogue(locale, whole.frame, whole.entries)
    if lacking := _lacking(found):
        raise WordsRefused(lacking)
    return found


def _read(folder: Path, faults: list[Fault]) -> dict[str, Catalogue]:
    if not folder.is_dir():
        faults.append(Fault(str(folder), "", "is not a folder"))
        return {}
    found = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8") if path.stat().st_size <= LARGEST_BYTES else ""
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(path.name, "", f"cannot be read ({type(error).__name__})"))
            continue
        catalogue, wrong = parsed(text, path.name, path.stem)
        faults += wrong
        found[path.stem] = catalogue
    return found


def _lacking(found: dict[str, Catalogue]) -> list[Fault]:
    """English is whole; another language has its frame, and of every entry that it begins all parts."""
    lacking = []
    for locale, catalogue in found.items():
        file = f"{locale}.toml"
        lacking += [Fault(file, f"frame.{name}", "is missing") for name in FRAME if name not in catalogue.frame]
        for key, entry in catalogue.entries.items():
            lacking += [Fault(file, f"{key}.{part}", "is missing") for part in missing_parts(key, entry)]
        if locale == ENGLISH:
            lacking += [Fault(file, key, "is missing") for key in ASKED_FOR if key not in catalogue.entries]
    return lacking
