"""Records that nobody can read, recognised byte for byte, and the reason for which they are parked.

The corpus (`tests/chassis/malformed/*.json`, read as data) says both; the scenario has no other unreadable record.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.model.records import Record

Content = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]

_CORPUS = Path(__file__).parents[2] / "chassis" / "malformed"


def reasons(corpus: Path = _CORPUS) -> dict[Content, str]:
    """Why a record of this key, value and headers is parked."""
    files = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(corpus.glob("*.json")))
    return {_content(one["record"]): one["expect"]["parked"] for one in files if "parked" in one["expect"]}


def reason(record: Record, known: Mapping[Content, str]) -> str | None:
    """Why this record is parked, None where it can be read."""
    return known.get((record.key, record.value, record.headers))


def _content(specimen: dict[str, Any]) -> Content:
    headers = tuple((name, _bytes(value)) for name, value in specimen["headers"].items())
    return _bytes(specimen["key"]), _bytes(specimen["value"]), headers


def _bytes(said: Any) -> bytes | None:
    match said:
        case None:
            return None
        case str():
            return said.encode()
        case {"base64": text}:
            return b64decode(text)
        case {"before": before, "repeat": repeat, "times": times, "after": after}:
            return f"{before}{repeat * times}{after}".encode()
        case _:
            raise ValueError(f"no bytes are written like {said!r}")
