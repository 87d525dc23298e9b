"""`make rehearse`: every process replaced, broker and database away, a release put out and taken back, under load.

A real Apache Kafka, a real PostgreSQL, four services. What came of it is compared with an undisturbed run of the same
log. Figures in build/rehearsal.json; exit code 1 with what was not as required.
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.ports import Ports
from deploy.local.rehearse import acts
from deploy.local.rehearse.acts import House
from deploy.local.rehearse.crew import Crew, at_work
from deploy.local.rehearse.traffic import Traffic
from deploy.local.rehearse.watch import Watch
from deploy.local.replay.canonical import canonical, without
from deploy.local.replay.databases import Databases
from deploy.local.replay.equalities import Way, compare, heard, unsure_customers
from deploy.local.replay.playing import Pace
from deploy.local.replay.quiet import quiet
from deploy.local.stack import REPOSITORY, SERVICES, Stack
from storefront.play import QUIET_TAIL
from storefront.saying import Said
from storefront.simulator import Shop

RESULT = REPOSITORY / "build" / "rehearsal.json"
RUN = REPOSITORY / "build" / "rehearsal"
LEASE_S = 60
"""Mails taken in a transaction whose commit nobody learned of wait so long until they are decided again."""
SETTINGS = {"CLOCK": "simulated", "LOG_LEVEL": "INFO", "NOTIFIER_LEASE_S": str(LEASE_S)}
EVERY_S = 0.25
WARM_UP_S = 5.0


@dataclass(frozen=True)
class Plan:
    """How long and how large."""

    workers: int
    outage_s: float
    pieces: int
    """The log is said in about so many, one every quarter of a second while anything is rehearsed."""
    weeks: int = 2
    orders_per_day: float = 40


def _plan(environment: dict[str, str]) -> Plan:
    quick = environment.get("QUICK", "") not in ("", "0")
    plan = Plan(workers=2, outage_s=15, pieces=1_600) if quick else Plan(workers=3, outage_s=300, pieces=5_000, weeks=6)
    outage_s = float(environment.get("OUTAGE_S") or plan.outage_s)
    pieces = int(environment.get("PIECES") or plan.pieces)
    return Plan(plan.workers, outage_s, pieces, plan.weeks, plan.orders_per_day)


async def rehearse(plan: Plan, console: Console) -> tuple[dict[str, Any], list[str]]:
    """The report, and what was not as required."""
    began_s = time.monotonic()

    def say(words: str) -> None:
        console.print(f"{time.monotonic() - began_s:6.0f} s  {words}", soft_wrap=True)

    log = list(Shop(7, weeks=plan.weeks, orders_per_day=plan.orders_per_day).events())
    step = (log[-1].said_at - log[0].said_at + QUIET_TAIL) / plan.pieces
    step -= step % timedelta(seconds=1)
    say(f"{len(log)} facts of a shop in pieces of {step}; a real Kafka, PostgreSQL, {plan.workers} workers each")
    report, wrong, disturbed, unsure = await _disturbed(plan, log, step, say)
    say("the same log again, undisturbed")
    way = Way(pace=Pace(step=step), settings={"KAFKA": "tansu", **SETTINGS})
    async with heard(log, way, RUN / "undisturbed", Ports.free()) as playing:
        unsure |= await unsure_customers(playing.databases)  # a mail that fell behind was decided again, here or there
        undisturbed = await canonical(playing.databases, unsure)
    equality = compare("rehearsed", undisturbed, without(disturbed, unsure), len(unsure))
    report["same_rows"] = {
        "rows": equality.rows, "differences": len(equality.differences), "customers_left_out": len(unsure),
    }  # fmt: skip
    report["seconds"] = round(time.monotonic() - began_s)
    return report, wrong + [f"lost or doubled: {line}" for line in equality.differences]


async def _disturbed(
    plan: Plan, log: Sequence[Said], step: timedelta, say: Any
) -> tuple[dict[str, Any], list[str], bytes, set[str]]:
    stack = Stack(folder=RUN / "disturbed", ports=Ports.free(), settings={"KAFKA": "apache", **SETTINGS})
    await asyncio.to_thread(stack.prepare)
    try:
        crew = Crew(stack, plan.workers)
        traffic = Traffic(stack, EVERY_S)
        urls = {service: stack.database_url(service) for service in SERVICES}
        watch = Watch(crew.members, urls, getattr(stack, "authorization", {}))
        house = House(stack, crew, traffic, watch, say)
        with at_work(crew):
            say(f"{len(crew.members)} processes are ready")
            talking, looking = asyncio.create_task(traffic.run(log, step)), asyncio.create_task(watch.look())
            try:
                await _acts(house, plan)
                house.report["pieces_left"] = traffic.chunks_left
                house.require(not talking.done(), "the log ended before the rehearsal did: more pieces are needed")
                traffic.hurry()
                await talking
                databases = Databases(urls, master_keys=stack.master_keys)
                await quiet(databases, stack.broker.bootstrap, crew.check, patience_s=3 * LEASE_S)
            finally:
                talking.cancel()
                looking.cancel()
                await asyncio.wait([talking, looking])
        unsure = await unsure_customers(databases)
        return house.report, house.wrong, await canonical(databases, unsure), unsure
    finally:
        await asyncio.to_thread(stack.stop)


async def _acts(house: House, plan: Plan) -> None:
    """One after the other, while the shop goes on talking."""
    crew, stack = house.crew, house.stack
    workers = [member for member in crew.members if member.is_worker]
    await asyncio.sleep(WARM_UP_S)
    await acts.roll(house, "rolling_restart", crew.members)
    await acts.kill(house, [member for member in workers if member.name.endswith("-1")][:2])
    await acts.outage(house, "broker_away", stack.broker.kill, stack.broker.start, plan.outage_s)
    await acts.outage(house, "database_away", stack.postgres.kill, stack.postgres.start, plan.outage_s)
    with tempfile.TemporaryDirectory() as folder:
        await acts.release_and_rollback(house, Path(folder))
    if plan.outage_s >= 60:
        await acts.freeze(house, workers[-1])


def main() -> int:
    """0 when everything was as required."""
    argparse.ArgumentParser(prog="python -m deploy.local.rehearse", description=__doc__).parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that Kafka is away is known here
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    shutil.rmtree(RUN, ignore_errors=True)
    report, wrong = asyncio.run(rehearse(_plan(dict(os.environ)), console))
    RESULT.write_text(json.dumps(report | {"wrong": wrong}, indent=2, default=str) + "\n")
    for line in wrong:
        console.print(f"[red]{line}[/red]", soft_wrap=True)
    console.print(f"the figures are in {RESULT.relative_to(REPOSITORY)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
