"""`python -m tests.chaos.model RAW_DIR EXPECTED_DIR`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.model.expectation import expect, written
from tests.chaos.model.records import TOPICS, records


def main(arguments: Sequence[str]) -> None:
    """Raw topics in, expected rows out; SystemExit where it is called otherwise."""
    if len(arguments) != 2:
        sys.exit("python -m tests.chaos.model RAW_DIR EXPECTED_DIR")
    raw, expected = map(Path, arguments)
    written(expect(one for topic in TOPICS for one in records(raw / f"{topic}.jsonl")), expected)


if __name__ == "__main__":
    main(sys.argv[1:])
