"""Whether a weakness is known of anything that is pinned: `make audit`, and a part of `make check`.

Asks the Python package index, whose JSON API has the advisories, and where that cannot be asked, OSV; or only another
service that speaks like OSV (`OSV_URL`). A machine that reaches neither has audited nothing: that is said, and
fails where `AUDIT=required`. Installs nothing, and knows no advisory by itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).parents[2]
LOCKS = tuple(REPOSITORY / "requirements" / f"{name}.lock" for name in ("image", "all"))
"""What builds images, and what services and developers run. Linters of deploy/ have an environment of their own."""
PYPI = ("--vulnerability-service", "pypi")
OSV = ("--vulnerability-service", "osv", "--osv-url")
OSV_URL = "https://api.osv.dev/v1/query"
ANSWER_S = "15"


class CannotBeAsked(Exception):
    """A service did not answer, or not so that it is understood; says how."""


class Outcome(Enum):
    """What came of asking a service."""

    clean = auto()
    weak = auto()
    """A weakness is known, or somebody who answers does not know a pin that we install."""
    unasked = auto()


class Answer(NamedTuple):
    """What a service said of all pins, and in which words to say it."""

    outcome: Outcome
    lines: Sequence[str]


def services() -> Iterator[Sequence[str]]:
    """Whom to ask, one after the other, as options of pip-audit."""
    if url := os.environ.get("OSV_URL"):
        yield (*OSV, url)
    else:
        yield PYPI
        yield (*OSV, OSV_URL)


def answer_of(service: Sequence[str], locks: Sequence[Path]) -> Answer:
    """What one service says; whoever cannot be asked about the first file is not asked about the others."""
    pins: list[dict[str, Any]] = []
    answer = Answer(Outcome.clean, [])
    for lock in locks:
        try:
            pins += _report(service, lock)
        except CannotBeAsked as error:
            return Answer(Outcome.unasked, [str(error)])
        if (answer := judged(pins)).outcome is Outcome.unasked:
            return answer
    return answer


def _report(service: Sequence[str], lock: Path) -> list[dict[str, Any]]:
    """Every pin of a file, with `vulns` or a `skip_reason`, as pip-audit reports it. Raises `CannotBeAsked`."""
    ended = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--progress-spinner", "off",
         "--format", "json", "--timeout", ANSWER_S, *service, "--requirement", str(lock)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        return list(json.loads(ended.stdout)["dependencies"])
    except ValueError as error:
        last = (ended.stderr.strip().splitlines() or ["no report"])[-1]
        raise CannotBeAsked(f"{service[1]}: {last[:200]}") from error


def judged(pins: Sequence[dict[str, Any]]) -> Answer:
    """Of a report of pip-audit. An index that knows none of our pins has no advisories: a mirror, mostly."""
    unknown = [pin["skip_reason"] for pin in pins if "skip_reason" in pin]
    if len(unknown) == len(pins):
        return Answer(Outcome.unasked, unknown[:1])
    weak = [_line(pin, found) for pin in pins for found in pin.get("vulns", ())]
    return Answer(Outcome.weak if weak or unknown else Outcome.clean, [*weak, *unknown])


def _line(pin: dict[str, Any], found: dict[str, Any]) -> str:
    mended = ", ".join(found["fix_versions"]) or "no version"
    return f"{pin['name']} {pin['version']}: {found['id']}, mended in {mended}"


def main(locks: Sequence[Path] = LOCKS) -> int:
    """The exit code: 1 for a known weakness, and where nobody answered who had to."""
    refused: list[str] = []
    for service in services():
        outcome, lines = answer_of(service, locks)
        if outcome is not Outcome.unasked:
            said = "weaknesses are known" if lines else "no weakness is known of what is pinned"
            return _ended(int(outcome is Outcome.weak), f"{said} (asked: {service[1]})", lines)
        refused += lines
    required = os.environ.get("AUDIT") == "required"
    return _ended(int(required), "NOTHING WAS AUDITED: no service with advisories can be asked from here", refused)


def _ended(code: int, said: str, lines: Sequence[str]) -> int:
    sys.stdout.write("\n".join([f"audit: {said}", *(f"  {line}" for line in lines)]) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
