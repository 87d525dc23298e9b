"""The acts of a rehearsal: each does one thing to the house at work; its figures, and what was not as required."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from chassis.migrations import upgrade
from deploy.local.processes import Process, ProcessError
from deploy.local.rehearse import figures, releases
from deploy.local.rehearse.crew import Crew, Member, Replaced, replace
from deploy.local.rehearse.traffic import Traffic
from deploy.local.rehearse.watch import Watch
from deploy.local.stack import REPOSITORY, SESSION_TIMEOUT_MS, Stack

PATIENCE_S = 180.0
SETTLE_S = 3.0
LOOK_EVERY_S = 0.1
REPLACED_S = 90.0
"""Required: from SIGSTOP until another process is ready in its place."""
MIGRATED = "loyalty"
"""The service whose next release is put out and taken back."""


class NotSoon(Exception):
    """It did not happen in time."""


@dataclass
class House:
    """A stack at work, its traffic, and what is seen of it."""

    stack: Stack
    crew: Crew
    traffic: Traffic
    watch: Watch
    say: Callable[[str], None]
    report: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def require(self, fact: bool, otherwise: str) -> None:
        """Take note of what is not as it should be."""
        if not fact:
            self.wrong.append(otherwise)
            self.say(f"NOT AS REQUIRED: {otherwise}")

    def tell(self, act: str, **found: Any) -> None:
        """Put figures into the report."""
        self.report[act] = figures.rounded(found)
        self.say(f"{act}: {self.report[act]}")


async def roll(house: House, act: str, members: Sequence[Member], migrations: Path | None = None) -> None:
    """Replace these in turn, each when the one before is ready."""
    began_s = time.monotonic()
    done = [await _replace(house, member, migrations) for member in members]
    await asyncio.sleep(SETTLE_S)
    span = (began_s, time.monotonic())
    pause_s, where = figures.longest_pause_s(house.watch.moves, span)
    handovers = {one.member: figures.handover_s(house.watch.moves, one) for one in done if one.is_worker}
    house.tell(
        act,
        processes=len(done),
        seconds=span[1] - began_s,
        longest_pause_s=pause_s,
        where=where,
        handover_s=handovers,
        until_gone_s=max(one.ended_at_s - one.asked_at_s for one in done),
        until_ready_s=max(one.ready_at_s - one.ended_at_s for one in done),
        **figures.of_probes(house.watch.probes, span),
        **figures.of_answers(house.watch.answers, span),
    )
    house.require(pause_s <= figures.PAUSE_S, f"{act}: {where} stood still for {pause_s:.1f} s")
    for member, handover_s in handovers.items():
        soon = handover_s is not None and handover_s <= figures.HANDOVER_S
        house.require(soon, f"{act}: {handover_s} s from SIGTERM to {member} until its partitions moved")
    _require_health(house, act)


async def _replace(
    house: House, member: Member, migrations: Path | None = None, end_with: signal.Signals = signal.SIGTERM
) -> Replaced:
    house.watch.being_replaced.add(member.name)
    try:
        return await asyncio.to_thread(replace, member, migrations, end_with=end_with)
    finally:
        house.watch.being_replaced.discard(member.name)


async def kill(house: House, members: Sequence[Member]) -> None:
    """SIGKILL, one after the other; the group waits for the session timeout."""
    limit_s = SESSION_TIMEOUT_MS / 1000 + figures.KILLED_AFTER_SESSION_S
    found = {}
    for member in members:
        replaced = await _replace(house, member, end_with=signal.SIGKILL)
        await _until(lambda: figures.handover_s(house.watch.moves, replaced) is not None)  # noqa: B023 awaited here
        found[member.name] = figures.handover_s(house.watch.moves, replaced)
        await asyncio.sleep(SETTLE_S)
    house.tell("killed", resumed_after_s=found, session_timeout_s=SESSION_TIMEOUT_MS / 1000)
    for name, seconds in found.items():
        house.require(seconds is not None and seconds <= limit_s, f"{seconds} s from SIGKILL to {name} until it moved")


async def freeze(house: House, member: Member, probe_s: float = 10.0, failures: int = 3) -> None:
    """SIGSTOP: who does not answer so many liveness probes, so far apart, is killed and started: as Kubernetes does."""
    began_s = time.monotonic()
    house.watch.being_replaced.add(member.name)
    pid = member.process.pid
    assert pid  # noqa: S101 it runs
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(probe_s * failures)
    replaced = await _replace(house, member, end_with=signal.SIGKILL)
    replaced_s = replaced.ready_at_s - began_s
    of_service = {place: times for place, times in house.watch.moves.items() if place[0] == member.service}
    pause_s, where = figures.longest_pause_s(of_service, (began_s, replaced.ready_at_s))
    house.tell("frozen", member=member.name, longest_pause_s=pause_s, where=where, replaced_after_s=replaced_s)
    house.require(replaced_s <= REPLACED_S, f"a frozen process was replaced after {replaced_s:.0f} s")


async def outage(house: House, act: str, down: Callable[[], None], up: Callable[[], None], seconds: float) -> None:
    """Something is away for so long; everybody waits for it, says so, and catches up."""
    limit_s = figures.BROKER_BACK_S if act == "broker_away" else figures.DATABASE_BACK_S
    began_s, said_before = time.monotonic(), house.traffic.said
    house.say(f"{act} for {seconds:.0f} s")
    await asyncio.to_thread(down)
    await asyncio.sleep(seconds)
    piled_up, said_until = house.traffic.said - said_before, house.traffic.said_until
    await asyncio.to_thread(up)
    back_at_s = time.monotonic()
    span = (began_s, back_at_s)
    await _until(lambda: figures.resumed_after_s(house.watch.moves, back_at_s) is not None)
    resumed_s = figures.resumed_after_s(house.watch.moves, back_at_s)
    await _until(lambda: (house.watch.settled_until() or said_until) >= said_until)
    caught_up_s = time.monotonic() - back_at_s
    await _until(lambda: _all_ready(house))
    house.tell(
        act,
        seconds=seconds,
        **figures.of_probes(house.watch.probes, span),
        **figures.of_answers(house.watch.answers, span),
        resumed_after_s=resumed_s,
        storefront_events_piled_up=piled_up,
        caught_up_after_s=caught_up_s,
        storefront_events_per_s=piled_up / caught_up_s,
    )
    house.require(resumed_s is not None and resumed_s <= limit_s, f"{act}: consuming {resumed_s} s after its return")
    house.require(bool(house.report[act]["reasons"]), f"{act}: nobody said that it is away")
    if act == "database_away":
        house.require(house.report[act]["answers"].keys() <= {"200", "503"}, f"{act}: HTTP did not answer 503")
    _require_health(house, act)


async def release_and_rollback(house: House, folder: Path) -> None:
    """Migrate under the old processes, replace them, put the old ones back, and go where there is no way back."""
    members, url = house.crew.of(MIGRATED), house.stack.database_url(MIGRATED)
    today = Path(str(import_module(MIGRATED).__file__)).parents[1] / "migrations"
    expanded = releases.expanding(today, folder / "expanded")
    contracted = releases.contracting(expanded, folder / "contracted")
    began_s = time.monotonic()
    await asyncio.to_thread(upgrade, url, expanded)
    house.say("the schema is newer; old processes go on")
    await roll(house, "upgrade", members, expanded)
    await asyncio.to_thread(upgrade, url, today)  # what an older installation does before it starts
    await roll(house, "rollback", members)
    await asyncio.to_thread(upgrade, url, expanded)
    await roll(house, "upgrade_again", members, expanded)
    await asyncio.to_thread(upgrade, url, contracted)
    refused = await asyncio.to_thread(_refused, house.stack)
    await roll(house, "contracted", members, contracted)
    house.tell("release", seconds=time.monotonic() - began_s, old_code_refused=refused)
    house.require(bool(refused), "a release that the schema has no room for any more did start")


def _refused(stack: Stack) -> str:
    """How today's code refuses to start on a schema that went on without it."""
    log = stack.log("refused")
    environment = stack.environment_of(MIGRATED, 1)
    process = Process(
        "old code", [sys.executable, "-m", MIGRATED, "worker"], log=log, environment=environment, folder=REPOSITORY
    )
    try:
        process.complete(30)
    except ProcessError:
        lines = [line for line in process.tail(200).splitlines() if "code that knows only" in line]
        return (
            "code that knows only" + lines[-1].rpartition("code that knows only")[2].partition(";")[0] if lines else ""
        )
    return ""


def _require_health(house: House, act: str) -> None:
    found = house.report[act]
    house.require(not found["liveness_failures"], f"{act}: liveness failed: {found['liveness_failures'][:3]}")
    house.require(not found["without_retry_after"], f"{act}: 503 without Retry-After")
    house.require(not found["wrong"], f"{act}: {found['wrong'][:3]}")


def _all_ready(house: House) -> bool:
    since_s = time.monotonic() - 2.5
    latest = {probe.member: probe.is_ready for probe in house.watch.probes if probe.at_s > since_s}
    return len(latest) == len(house.crew.members) and all(latest.values())


async def _until(true: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until_s:
            raise NotSoon(f"what was waited for did not happen within {PATIENCE_S:.0f} s")
        await asyncio.sleep(LOOK_EVERY_S)
