"""`python -m benchmarks.publish`: the last run's tables and picture into docs/performance.md, between its two marks."""

import re

import msgspec

from benchmarks import picture, results
from benchmarks.machine import REPOSITORY
from benchmarks.measuring import Measured
from benchmarks.results import Ratio

PAGE = REPOSITORY / "docs" / "performance.md"
PICTURE = REPOSITORY / "docs" / "performance.svg"
MARKED = re.compile(r"(<!-- figures: .*? -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Reads `build/bench.json`."""
    run = msgspec.json.decode((REPOSITORY / "build" / "bench.json").read_bytes())
    runs = msgspec.convert(run["runs"], list[Measured])
    PICTURE.write_text(picture.svg(msgspec.convert(run["ratios"], list[Ratio])))
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in run["machine"].items())
    rounds, seconds = run["plan"]["rounds"], run["plan"]["seconds"]
    figures = f"\n{rounds} rounds, {seconds:g} s for each mode. {machine}.\n\n{results.table(runs)}\n\n"
    page, found = MARKED.subn(lambda marks: marks[1] + figures + marks[2], PAGE.read_text())
    if not found:
        raise SystemExit(f"{PAGE.relative_to(REPOSITORY)} has lost the marks between which the figures stand")
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
