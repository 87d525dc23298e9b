"""Secrets as files: a folder in which a file named like a variable gives its value. Owns how a file becomes a setting.

The file wins over a variable of the same name: it is what is rotated, the variable is what was left behind. Files of
other names (`ca.crt`, what Kubernetes puts beside them) are left alone. Says names and places, never contents.
"""

import re
from collections.abc import Iterator, MutableMapping
from pathlib import Path

DIRECTORY = "SECRETS_DIRECTORY"
LARGEST_BYTES = 65_536
"""More is no setting."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def take_in(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Set every variable that has a file in the folder that `SECRETS_DIRECTORY` names; what is wrong, by variable.

    One line end at the end of a file is no part of the value, everything else is.
    """
    if not (named := environment.get(DIRECTORY)):
        return {}
    problems: dict[str, str] = {}
    try:
        files = list(_files(Path(named)))
    except OSError as error:
        return {DIRECTORY: f"the folder cannot be read: {error.strerror}"}
    for path in files:
        try:
            environment[path.name] = _value(path)
        except OSError as error:
            problems[path.name] = f"its file in {DIRECTORY} cannot be read: {error.strerror}"
        except ValueError as error:
            problems[path.name] = f"its file in {DIRECTORY} {error}"
    return problems


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if _VARIABLE.fullmatch(path.name) and not path.is_dir())


def _value(path: Path) -> str:
    """Raises `OSError`, or `ValueError` with what is wrong with the content."""
    with path.open("rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"has more than {LARGEST_BYTES} bytes")
    if b"\0" in content:
        raise ValueError("has a NUL byte")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
