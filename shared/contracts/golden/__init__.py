"""The golden examples as records: what somebody has once sent. Owns how the files beside it are read."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from contracts.kafka import Record


class Example(NamedTuple):
    """One golden file."""

    name: str
    """The file's name without its ending: `<type>` or `<type>.<what is special>`."""
    type: str
    headers: dict[str, str]
    data: dict[str, Any]
    record: Record


def examples() -> list[Example]:
    """All golden examples, by name."""
    return sorted(_example(path) for path in Path(__file__).parent.glob("*.json"))


def _example(path: Path) -> Example:
    said = msgspec.json.decode(path.read_bytes())
    record = Record(
        said["topic"],
        None if said["key"] is None else said["key"].encode(),
        msgspec.json.encode(said["data"]),
        [(name, text.encode()) for name, text in said["headers"].items()],
    )
    return Example(path.stem, said["headers"]["ce_type"], said["headers"], said["data"], record)
