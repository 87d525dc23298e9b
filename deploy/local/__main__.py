"""`make run`: the shop, the four services, broker and databases on this machine.

Starts everything, plays some simulated weeks, says what happened and why, then keeps serving until Ctrl-C.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chassis.topics import WrongPartitions
from deploy.local.figures import Figures
from deploy.local.ports import PortError
from deploy.local.processes import ProcessError
from deploy.local.run import NothingMoves, Playing
from deploy.local.stack import REPOSITORY, SERVICES, Stack
from deploy.local.stories import Story
from storefront.play import QUIET_TAIL
from storefront.simulator import Shop

RESULT = REPOSITORY / "build" / "run.json"
FATES = ("applied", "duplicate", "parked", "ignored")


def main() -> int:
    """0 when all went well; 1 with a sentence on what to do otherwise."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        return _run(options, console)
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 0 if not options.once else 130
    except (PortError, ProcessError, NothingMoves, WrongPartitions) as error:
        console.print(f"[red]{error}[/red]")
        return 1


def _interrupt() -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    setting = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("--once", action="store_true", default=setting("ONCE", "") not in ("", "0"),
                        help="end after the summary (ONCE=1)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=int(setting("SEED") or 7), help="which shop (SEED, default 7)")
    parser.add_argument("--weeks", type=int, default=int(setting("WEEKS") or 6),
                        help="how long (WEEKS, default 6); 0: no simulated shop, and the real clock")  # fmt: skip
    parser.add_argument("--orders-per-day", type=float, default=float(setting("ORDERS_PER_DAY") or 18),
                        help="how busy (ORDERS_PER_DAY, default 18)")  # fmt: skip
    return parser


def _run(options: argparse.Namespace, console: Console) -> int:
    started_s = time.monotonic()
    console.print("starting PostgreSQL, broker, mailbox and four services …")
    if options.weeks == 0:
        with Stack(settings={"CLOCK": "real"}) as empty:
            _keep_serving(empty, console)
    with Stack(settings={"CLOCK": "simulated"}) as stack:
        ready_s = time.monotonic() - started_s
        console.print(f"all ready after {ready_s:.1f} s; playing {options.weeks} weeks of a shop (seed {options.seed})")
        result, stories = asyncio.run(_play(options, stack, console))
        result |= {"seconds": {"until_ready": round(ready_s, 1), "in_all": round(time.monotonic() - started_s, 1)}}
        result["memory_mebibytes"] = round(stack.memory_bytes() / 2**20)
        RESULT.write_text(json.dumps(result, indent=2, default=str) + "\n")
        _show(result, stories, console)
        if not options.once:
            _keep_serving(stack, console)
    return 0


async def _play(options: argparse.Namespace, stack: Stack, console: Console) -> tuple[dict[str, Any], list[Story]]:
    shop = Shop(options.seed, weeks=options.weeks, orders_per_day=options.orders_per_day)
    days = options.weeks * 7 + QUIET_TAIL.days
    bar = Progress(
        TextColumn("simulated day"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[now]}"),
        TimeElapsedColumn(), console=console,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=days, now="")
        first = datetime.combine(shop.start, datetime.min.time())

        def progress(moment: datetime) -> None:
            day = (moment.replace(tzinfo=None) - first) // timedelta(days=1)
            bar.update(task, completed=min(day, days), now=f"{moment:%d %b %Y}")

        async with httpx.AsyncClient(timeout=30, follow_redirects=True) as client:
            playing = Playing(stack, shop, client, progress)
            played_s = time.monotonic()
            await playing.play()
            seconds = time.monotonic() - played_s
            bar.update(task, completed=days)
            figures, stories = await playing.told()
            decisions = await playing.decisions()
            told_before_asked = await playing.told_before_asked()
            records = {service: _fates(await playing.positions(service)) for service in SERVICES}
    result = asdict(figures) | {
        "seed": options.seed,
        "truth": shop.truth()._asdict(),
        "mailboxes": asdict(playing.customers.counts),
        "told_before_asked": told_before_asked,
        "surveys_held": _number(decisions["feedback"], "held"),
        "records": records,
        "decisions": decisions,
        "events_per_second": round((figures.storefront_events + figures.facts) / seconds),
    }
    return result, stories


def _fates(positions: Sequence[dict[str, Any]]) -> dict[str, int]:
    """What became of everything a service consumed; the four fates are all there are."""
    return {name: sum(row[name] for row in positions) for name in ("consumed", *FATES)}


def _number(decisions: dict[str, int], outcome: str) -> int:
    return sum(number for decided, number in decisions.items() if f": {outcome} (" in decided)


def _show(result: dict[str, Any], stories: Sequence[Story], console: Console) -> None:
    for one in stories:
        _show_story(one, console)
    console.print(_table(result))
    lost = [name for name, found in result["records"].items() if sum(found[f] for f in FATES) != found["consumed"]]
    console.print(
        f"[red]records without a fate in {', '.join(lost)}[/red]"
        if lost
        else "applied + duplicate + parked + ignored = consumed, in every service"
    )
    console.print(f"the figures are in {RESULT.relative_to(REPOSITORY)}")


def _table(result: dict[str, Any]) -> Table:
    table = Table(title="What happened", show_header=False, title_justify="left")
    figures = {name: result[name] for name in Figures.__dataclass_fields__ if name in result}
    figures["surveys_held"] = result["surveys_held"]
    for name, value in figures.items():
        shown = ", ".join(f"{kind} {number}" for kind, number in value.items()) if isinstance(value, dict) else value
        table.add_row(name.replace("_", " "), str(shown))
    orders = result["told_before_asked"]["orders"]
    table.add_row(
        "told before they asked",
        f"{orders['before_contact']} of {orders['orders']} orders with an issue; before the promise passed as well: "
        f"{orders['before_both']}",
    )
    table.add_row("events per second", str(result["events_per_second"]))
    table.add_row("seconds in all", str(result["seconds"]["in_all"]))
    table.add_row("memory", f"{result['memory_mebibytes']} MiB")
    return table


def _show_story(one: Story, console: Console) -> None:
    table = Table(title=f"{one.customer_id}: {one.title}", title_justify="left", box=None, padding=(0, 1))
    for heading in ("when (UTC)", "who", "what", "why"):
        table.add_column(heading, overflow="fold")
    for line in one.lines:
        style = "dim" if line.why else ""
        table.add_row(f"{line.at:%d %b %H:%M}", line.who, line.what, line.why, style=style)
    console.print(table)
    console.print()


def _keep_serving(stack: Stack, console: Console) -> None:
    console.print("\nserving until Ctrl-C; routes are opened by this run's key:")
    console.print(f"  KEY={stack.key.written()}", soft_wrap=True)
    for service in SERVICES:
        console.print(f"  {service.replace('_', '-'):16} {stack.url(service)}/docs")
    console.print(f"  {'mailbox':16} {stack.mailbox_url}")
    while True:
        stack.check()
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
