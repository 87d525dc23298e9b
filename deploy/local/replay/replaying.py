"""One replay from the start of the stack to its figures: stages, progress on the terminal, raw material."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chassis.settings import ServiceSettings
from contracts.storefront import CustomerUpdated
from deploy.local.ports import Ports
from deploy.local.processes import Process
from deploy.local.replay import material
from deploy.local.replay import playing as plays
from deploy.local.replay.databases import BEGINNING, Databases
from deploy.local.replay.figures import figures_in
from deploy.local.replay.playing import Pace, Playing
from deploy.local.stack import REPOSITORY, SERVICES, Stack
from storefront.recorded import Recording, told
from storefront.saying import Said

BUILD = REPOSITORY / "build"
RUN = BUILD / "replay-run"
SETTINGS = {"CLOCK": "simulated", "LOG_LEVEL": "WARNING"}
"""A line of log for each of so many mails would be a part of what is measured."""
SHOWN = (
    "orders", "delivered", "late", "messages_per_order", "decisions", "decisions_without_cause",
    "decisions_per_storefront_event", "seconds", "events_per_second", "storefront_events_per_second",
)  # fmt: skip


def databases_of(stack: Stack) -> Databases:
    """The databases of a stack's services."""
    return Databases({service: stack.database_url(service) for service in SERVICES}, master_keys=stack.master_keys)


async def replay(
    recording: Recording, read_s: float, build: Path, console: Console, folder: Path = RUN, ports: Ports | None = None
) -> dict[str, Any]:
    """Play a recording through a stack of its own, write the raw material into `build`; the figures of it."""
    began_s = time.monotonic()
    said = told(recording.orders)
    run: dict[str, Any] = {
        "layout": recording.layout,
        "points_in_recording": recording.points,
        "storefront_events": len(said),
        "s_read": read_s,
        "s_put_in_order": time.monotonic() - began_s,
    }
    console.print("starting PostgreSQL, broker, mailbox and four services …")
    with Stack(folder=folder, ports=ports, settings=SETTINGS) as stack:
        run["s_start"] = time.monotonic() - began_s - run["s_put_in_order"]
        databases = databases_of(stack)
        with progress(console, said) as watch:
            playing = Playing(stack, databases, Pace(), watch)
            await playing.play(said)
        run |= {f"s_until_{name}": seconds for name, seconds in playing.seconds.items()}
        run |= {f"cpu_{name}": seconds for name, seconds in processor_seconds(stack).items()}
        run["facts"] = await _facts(databases)
        exporting_s = time.monotonic()
        await material.write(databases, build, run | {"s_in_all": 0.0}, zones_in(said))
        run |= {"s_export": time.monotonic() - exporting_s, "s_in_all": read_s + time.monotonic() - began_s}
        material.write_run(build, run)
    return figures_in(build)


def zones_in(said: list[Said]) -> dict[str, str]:
    """Where the storefront said that customers live; the shop's own zone where it did not say."""
    people = [one.fact for one in said if isinstance(one.fact, CustomerUpdated)]
    return {person.customer_id: person.zone or ServiceSettings.model_fields["shop_zone"].default for person in people}


async def _facts(databases: Databases) -> int:
    """What the services said: the outbox counts every row it ever had (time-reached too)."""
    query = "select last_value as number from outbox_outbox_id_seq"
    return sum([(await databases.rows(service, query))[0].number for service in databases.services])


@contextmanager
def progress(console: Console, said: list[Said]) -> Iterator[Any]:
    """A bar of simulated days with what was said so far and how fast; gives what is to be told of every progress."""
    first, last = said[0].said_at, said[-1].said_at
    days = (last - first).days + 1
    bar = Progress(
        TextColumn("simulated day"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[now]}"),
        TextColumn("{task.fields[said]} facts said"), TextColumn("{task.fields[speed]}/s"), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip
    began_s = time.monotonic()
    with bar:
        task = bar.add_task("", total=days, now="", said=0, speed=0)

        def watch(state: plays.Progress) -> None:
            day = max(0, min(days, (state.now - first).days)) if state.now > BEGINNING else 0
            speed = round(state.said / max(0.001, time.monotonic() - began_s))
            bar.update(task, completed=day, now=f"{state.now:%d %b %Y}" if day else "", said=state.said, speed=speed)

        yield watch
        bar.update(task, completed=days)


def processor_seconds(stack: Stack) -> dict[str, float]:
    """What each process has cost until now, its children included, and ourselves."""
    parts: dict[str, Process | None] = dict(stack.services)
    parts |= {"mailbox": stack.mailbox, "postgres": stack.postgres.process, "broker": stack.broker.process}
    found = {name: _cpu_s(process.pid) for name, process in parts.items() if process and process.pid}
    own = psutil.Process().cpu_times()
    return found | {"replay": own.user + own.system}


def _cpu_s(pid: int) -> float:
    leader = psutil.Process(pid)
    total = 0.0
    for process in (leader, *leader.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    ended = leader.cpu_times()
    return total + ended.children_user + ended.children_system


def table(figures: dict[str, Any]) -> Table:
    """The most important figures for the terminal."""
    shown = Table(title="What happened", show_header=False, title_justify="left")
    for name in SHOWN:
        shown.add_row(name.replace("_", " "), str(figures[name]))
    shown.add_row("points, pending and vested", f"{figures['points']['pending_plus_vested']:,}")
    shown.add_row("points, summed from the file", f"{figures['points']['independent_sum']:,}")
    for lead, warned in figures["warned"].items():
        text = f"{warned['orders']}: precision {warned['precision']}, recall {warned['recall']}"
        shown.add_row(f"warned {lead.replace('_', ' ')} ahead", text)
    for lead, look in figures["early_warning"].items():
        warned = look["warned"]
        text = (
            f"average precision {look['average_precision']} (plain rule {look['plain_rule_precision']}); "
            f"warned: precision {warned['precision']}, recall {warned['recall']}, "
            f"{warned['false_alarms_of_plain_rule']} of its false alarms"
        )
        shown.add_row(f"looks {lead.replace('_', ' ')} ahead", text)
    for stage, seconds in figures["seconds_by_stage"].items():
        shown.add_row(f"seconds {stage.replace('_', ' ')}", str(seconds))
    return shown
