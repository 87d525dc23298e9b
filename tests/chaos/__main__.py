"""`make chaos KILLS=20 SEED=1 EVENTS=100000`: one run, judged, in `build/chaos.json`. Exit code 1 when it is red.

With `PLANT=name` the workers have that bug, and seeds are tried from SEED on until one run is red: that is exit code 1,
too, and 0 when the bug went unseen. `PLANT=every` plants all of them in turn and is green when each was seen.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterable
from dataclasses import replace

from deploy.local.stack import REPOSITORY
from tests.chaos.plants import PLANTS, TAKEN_AWAY
from tests.chaos.run import Report, Wishes, run

BUILD = REPOSITORY / "build"
PLANTED_EVENTS, PLANTED_KILLS = 5_000, 8
SEEDS = 20
"""By then every planted bug has been seen."""


def main() -> int:
    """The command line."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it is we who take the broker away
    asked = os.environ
    plant = asked.get("PLANT") or None
    wishes = Wishes(
        kills=int(asked.get("KILLS") or (PLANTED_KILLS if plant else 20)),
        seed=int(asked.get("SEED") or 1),
        events=int(asked.get("EVENTS") or (PLANTED_EVENTS if plant else 100_000)),
    )
    if plant is None:
        return 0 if _told(_lived(wishes))["verdict"] == "green" else 1
    if plant != "every":
        return 1 if _seen(replace(wishes, plant=plant)) else 0
    unseen = [name for name in PLANTS if not _seen(replace(wishes, plant=name))]
    _say(f"unseen: {', '.join(unseen)}" if unseen else f"all {len(PLANTS)} bugs were seen")
    return 1 if unseen else 0


def _lived(wishes: Wishes) -> Report:
    return asyncio.run(run(wishes, BUILD / "chaos", _say))


def _seen(wishes: Wishes) -> bool:
    """Whether one of the seeds shows the bug; a run that was only too gentle shows nothing."""
    for seed in range(wishes.seed, wishes.seed + SEEDS):
        report = _lived(replace(wishes, seed=seed))
        for table in TAKEN_AWAY.get(wishes.plant or "", ()):
            report.verdict.by_table.pop(table, None)
        _told(report)
        if not report.verdict.is_clean:
            _say(f"{wishes.plant}: seen, after {seed - wishes.seed + 1} seeds")
            return True
    _say(f"{wishes.plant}: not seen in {SEEDS} seeds")
    return False


def _told(report: Report) -> dict[str, object]:
    """On the terminal and in the file."""
    found = report.as_json()
    BUILD.joinpath("chaos.json").write_text(json.dumps(found, indent=2) + "\n")
    _say(", ".join(f"{name} {found[name]}" for name in _SHOWN))
    _say_all(report.verdict.examples)
    _say_all(report.is_gentle)
    _say(f"{found['verdict']}; everything in build/chaos.json")
    return found


_SHOWN = ("kills", "compare_and_set_losses", "redeliveries", "lost", "doubled", "reordered", "parked_without_reason",
          "deadlocks", "seconds")  # fmt: skip


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        _say(f"  {line}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if os.environ.get("PLANT") not in (None, "", "every", *PLANTS):
        sys.exit(f"PLANT is one of: every, {', '.join(PLANTS)}")
    sys.exit(main())
