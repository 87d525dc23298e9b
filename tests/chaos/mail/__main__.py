"""`make chaos MAIL=1 KILLS=20 SEED=1`: a notifier under kills, judged, in `build/chaos-mail.json`. 1 when it is red."""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from deploy.local.replay.databases import Databases
from deploy.local.stack import REPOSITORY
from tests.chaos.mail import model
from tests.chaos.mail.house import LEASE_S, House
from tests.chaos.mail.plants import PLANTS
from tests.chaos.mail.supervisor import Supervisor
from tests.chaos.mail.traffic import Said, customers
from tests.chaos.publishing import Wire

BUILD = REPOSITORY / "build"
WINDOW_MS = LEASE_S * 1_000
"""What is not written down by then after the server's yes counts as lost, to the notifier too. How long it really takes
is `widest_ms`, and depends on what else the machine does."""
CUSTOMERS_PER_S = 12
MOST_UNDERWAY = 150
"""Mails that were asked for and are not accepted: a busy machine is not asked for more."""
CALM_PATIENCE_S = 60.0
SEEDS = 10


async def live(kills: int, seed: int, plant: str | None) -> dict[str, Any]:
    """One run, from the first mail to the verdict."""
    began_s = time.monotonic()
    house = House(BUILD / "chaos-mail", plant)
    try:
        await asyncio.to_thread(house.start)
        keeping = asyncio.create_task(house.keep())
        supervisor = Supervisor(house, seed, kills, lambda text: _say(f"{time.monotonic() - began_s:6.1f} s  {text}"))
        said = customers(seed)
        talking = asyncio.create_task(_talk(house, said))
        supervising = asyncio.create_task(supervisor.run())
        await asyncio.wait([talking, supervising, keeping], return_when=asyncio.FIRST_COMPLETED)
        for task in (talking, keeping):
            if task.done():
                task.result()  # neither ends by itself
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        await _calm(house)
        keeping.cancel()
        verdict = model.judge(house.folder, WINDOW_MS)
    finally:
        await asyncio.to_thread(house.stop)
    done = dict(sorted(supervisor.done.items()))
    struck = sum(number for act, number in done.items() if act.startswith("kill "))
    green = verdict.is_clean and struck >= 0.9 * kills
    seconds = round(time.monotonic() - began_s)
    return {"verdict": "green" if green else "red", "kills": struck, "seed": seed, "plant": plant,
            "window_ms": WINDOW_MS, "seconds": seconds, **verdict.figures(), "done": done}  # fmt: skip


async def _talk(house: House, said: Iterator[list[Said]]) -> None:
    """One customer after the other, written down before it is said."""
    with (house.folder / "said.jsonl").open("a") as file:
        async with Wire(house.broker.bootstrap, idempotent=house.broker.idempotent_producer) as wire:
            for number, one in enumerate(said):
                file.writelines(fact.line() for fact in one)
                file.flush()
                await asyncio.shield(wire.put(fact.record for fact in one))
                await asyncio.sleep(1 / CUSTOMERS_PER_S)
                if number % CUSTOMERS_PER_S == 0:
                    await _room(house)


async def _room(house: House) -> None:
    while await asyncio.to_thread(model.underway, house.folder) > MOST_UNDERWAY:  # noqa: ASYNC110 files tell nobody
        await asyncio.sleep(1)


async def _calm(house: House) -> None:
    """Wait until everything that was asked for has an outcome, or nothing moves any more; write down the outcomes."""
    databases = Databases({"notifier": house.postgres.url("notifier")})
    asked = len(model.asked(house.folder))
    before, moved_s = -1, time.monotonic()
    ended = 0
    while ended < asked and time.monotonic() - moved_s < CALM_PATIENCE_S:
        await asyncio.sleep(0.5)
        rows = await databases.rows("notifier", "select count(*) as n from messages where state in ('sent', 'unknown')")
        ended = rows[0].n
        if ended != before:
            before, moved_s = ended, time.monotonic()
    await asyncio.sleep(1)  # who was frozen and woke up may have something in hand still
    rows = await databases.rows("notifier", "select message_id, customer_id, order_id, state, reason from messages")
    lines = [json.dumps(dict(row._mapping)) + "\n" for row in rows]
    await asyncio.to_thread((house.folder / "outcomes.jsonl").write_text, "".join(lines))


def main() -> int:
    """The command line."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plant, seed = os.environ.get("PLANT") or None, int(os.environ.get("SEED") or 1)
    kills = int(os.environ.get("KILLS") or 20)
    if plant is None:
        return 0 if _told(asyncio.run(live(kills, seed, None))) == "green" else 1
    wanted = list(PLANTS) if plant == "every" else [plant]
    unseen = [name for name in wanted if not _seen(name, kills, seed)]
    _say(f"unseen: {', '.join(unseen)}" if unseen else f"seen: {', '.join(wanted)}")
    return int(bool(unseen)) if plant == "every" else int(not unseen)


def _seen(plant: str, kills: int, seed: int) -> bool:
    """Whether one of some seeds shows the bug."""
    return any(_told(asyncio.run(live(kills, one, plant))) == "red" for one in range(seed, seed + SEEDS))


def _told(found: dict[str, Any]) -> str:
    BUILD.joinpath("chaos-mail.json").write_text(json.dumps(found, indent=2) + "\n")
    shown = ("kills", "asked", "lost", "doubled", "unasked", "unfinished", "beyond_window", "repeated",
             "unknown_and_arrived", "unknown_and_not", "widest_ms", "seconds")  # fmt: skip
    _say(", ".join(f"{name} {found[name]}" for name in shown))
    for example in found["examples"]:
        _say(f"  {example}")
    _say(f"{found['verdict']}; everything in build/chaos-mail.json")
    return str(found["verdict"])


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
