"""`python -m tests.chaos.model RAW_DIR EXPECTED_DIR`."""

import sys
from pathlib import Path

from tests.chaos.model.expectation import expect, written
from tests.chaos.model.records import TOPICS, records

if len(sys.argv) != 3:
    sys.exit("python -m tests.chaos.model RAW_DIR EXPECTED_DIR")
raw, expected = map(Path, sys.argv[1:])
written(expect(one for topic in TOPICS for one in records(raw / f"{topic}.jsonl")), expected)
