"""Reads the corpus: one file per class of record that is not as it should be, and what becomes of it.

`expect` is one of: `parked` with the reason of `contracts.unreadable`; `accepted` with why; `worker` with the reason
that only the inbox can give; `rejected_by_fold` with why. `before` is a record that was read earlier.
What is no text is written as base64, what is huge as `before`, `repeat`, `times`, `after`.
"""

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple


class Raw(NamedTuple):
    """A record as a consumer gets it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Specimen(NamedTuple):
    """One class of the corpus."""

    name: str
    why: str
    record: Raw
    before: Raw | None
    expect: dict[str, str]


def specimens(kind: str | None = None) -> list[Specimen]:
    """The whole corpus, or the part of which `expect` names `kind`."""
    everything = [_specimen(path) for path in sorted(Path(__file__).parent.glob("*.json"))]
    return [one for one in everything if kind is None or kind in one.expect]


def _specimen(path: Path) -> Specimen:
    said = json.loads(path.read_text())
    before = _raw(said["before"]) if "before" in said else None
    return Specimen(said["class"], said["why"], _raw(said["record"]), before, said["expect"])


def _raw(record: dict[str, Any]) -> Raw:
    # A client hands a null header on as None, whatever its types say.
    headers: list[tuple[str, Any]] = [(name, _bytes(value)) for name, value in record["headers"].items()]
    return Raw(record["topic"], _bytes(record["key"]), _bytes(record["value"]), headers)


def _bytes(said: Any) -> bytes | None:
    match said:
        case None:
            return None
        case str():
            return said.encode()
        case {"base64": text}:
            return base64.b64decode(text)
        case {"before": before, "repeat": repeat, "times": times, "after": after}:
            return str(before + repeat * times + after).encode()
        case _:
            raise ValueError(f"no bytes are written like {said!r}")
