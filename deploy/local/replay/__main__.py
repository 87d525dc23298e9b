"""`make replay DATA=DIR`: recorded orders through the whole house in simulated time, with figures and raw material.

`python -m deploy.local.replay DIR` replays a folder in Olist's layout or an order export of Shopify's admin;
`python -m deploy.local.replay equalities DIR` proves that the same log gives the same rows, however it is heard;
`python -m deploy.local.replay backup DIR` restores yesterday's databases while Kafka is ahead.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from chassis.topics import WrongPartitions
from deploy.local.ports import PortError
from deploy.local.processes import ProcessError
from deploy.local.replay import pictures, replaying
from deploy.local.replay.backup import restored
from deploy.local.replay.equalities import HURRIED, equalities
from deploy.local.replay.playing import NothingMoves
from deploy.local.replay.quiet import NeverQuiet
from storefront.recorded import Recording, UnreadableRows, recording_of, told
from storefront.saying import Said

COMMANDS = ("replay", "equalities", "backup")


def main() -> int:
    """0 when all went well, and what was to be equal is equal; 1 with what to do otherwise."""
    words = sys.argv[1:]
    options = _parser().parse_args(
        words if words[:1] and words[0] in (*COMMANDS, "-h", "--help") else ["replay", *words]
    )
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        return asyncio.run(_run(options, console))
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    except UnreadableRows as error:
        console.print(f"[red]{error}[/red]\nnothing was replayed: a row that cannot be read is not passed over")
        return 1
    except (PortError, ProcessError, NothingMoves, NeverQuiet, WrongPartitions) as error:
        console.print(f"[red]{error}[/red]")
        return 1


def _interrupt() -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.replay", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        command = commands.add_parser(name)
        command.add_argument("place", type=Path, help="a folder in Olist's layout, or an export of Shopify's admin")
        if name == "equalities":
            command.add_argument("--apache", action="store_true", help="the other way is heard through Apache Kafka")
        if name == "replay":
            command.add_argument(
                "--build", type=Path, default=replaying.BUILD, help="where the results go (%(default)s)"
            )
    return parser


async def _run(options: argparse.Namespace, console: Console) -> int:
    began_s = time.monotonic()
    recording = recording_of(options.place)
    read_s = time.monotonic() - began_s
    console.print(f"{len(recording.orders)} orders ({recording.layout}) read in {read_s:.1f} s")
    match options.command:
        case "equalities":
            return await _equalities(told(recording.orders), console, apache=options.apache)
        case "backup":
            return await _backup(told(recording.orders), console)
        case _:
            return await _replay(recording, read_s, options.build, console)


async def _replay(recording: Recording, read_s: float, build: Path, console: Console) -> int:
    build.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 nothing else runs yet
    figures = await replaying.replay(recording, read_s, build, console)
    (build / "replay.json").write_text(json.dumps(figures, indent=2) + "\n")
    drawn = pictures.draw(build, figures["early_warning"])
    console.print(replaying.table(figures))
    console.print(f"the figures are in {build / 'replay.json'}, what they are made of in {build}/*.csv")
    console.print(f"pictures of the early warning: {', '.join(str(file) for file in drawn)}")
    return 0 if figures["points"]["equal"] and not figures["decisions_without_cause"] else 1


async def _equalities(said: list[Said], console: Console, *, apache: bool) -> int:
    other = replace(HURRIED, settings={**HURRIED.settings, "KAFKA": "apache"}) if apache else HURRIED
    all_equal = True
    async for equality in equalities(said, replaying.RUN, console.print, other):
        verdict = f"[red]{len(equality.differences)} or more lines differ[/red]" if equality.differences else "equal"
        left_out = f", {equality.left_out} customers left out" if equality.left_out else ""
        console.print(f"{equality.name}: {verdict}; {equality.rows} rows, {equality.digest[:16]}{left_out}")
        for line in equality.differences:
            console.print(f"  {line}", markup=False)
        all_equal &= not equality.differences
    return 0 if all_equal else 1


async def _backup(said: list[Said], console: Console) -> int:
    found = await restored(said, replaying.RUN, console.print)
    for line in found.differences:
        console.print(f"  {line}", markup=False)
    verdict = "[red]differ[/red]" if found.differences else "are the same"
    console.print(f"after the restoration the rows {verdict}; of {found.mails_after_backup} mails that were sent after "
                  f"the backup {found.told_twice} were sent a second time")  # fmt: skip
    return 1 if found.differences or found.told_twice else 0


if __name__ == "__main__":
    sys.exit(main())
