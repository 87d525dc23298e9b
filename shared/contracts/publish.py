"""`python -m contracts.publish [--check]`: the events as AsyncAPI 3.0 and JSON Schemas, under docs/reference/events.

Owns the generated files. The same contracts give the same bytes, so a difference is a drift.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from contracts.asyncapi import asyncapi
from contracts.catalogue import catalogue
from contracts.schemas import Json, schema

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("docs", "reference", "events")


def documents() -> dict[Path, bytes]:
    """Every generated file: its path from the repository's root, and its bytes."""
    files = {FOLDER / "asyncapi.json": _written(asyncapi())}
    for name in sorted(catalogue()):
        files[FOLDER / "schemas" / f"{name}.json"] = _written(schema(name))
    return files


def _written(document: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def drifted(root: Path = ROOT) -> list[str]:
    """What does not say what the contracts say, one line for each file."""
    expected = documents()
    found = {path.relative_to(root) for path in (root / FOLDER).rglob("*.json")}
    complaints = [f"{path.as_posix()}: of no event type" for path in found - expected.keys()]
    for path, content in expected.items():
        if path not in found:
            complaints.append(f"{path.as_posix()}: missing")
        elif (root / path).read_bytes() != content:
            complaints.append(f"{path.as_posix()}: out of date")
    return sorted(complaints)


def write(root: Path = ROOT) -> None:
    """Write every document and remove those of no event type."""
    expected = documents()
    for path in (root / FOLDER).rglob("*.json"):
        if path.relative_to(root) not in expected:
            path.unlink()
    for path, content in expected.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 when `--check` finds that the documents have drifted."""
    parser = argparse.ArgumentParser(
        prog="python -m contracts.publish", description="Write AsyncAPI and JSON Schemas from the contracts."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 and name what has drifted")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    complaints = drifted()
    if complaints:
        sys.stdout.write(
            "\n".join([*complaints, "the contracts say something else now; write it with: make schemas\n"])
        )
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
