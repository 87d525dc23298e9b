"""The hand that strikes: a plan drawn from one seed, one act after the other, each noted with its moment."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import count, cycle, islice
from random import Random
from typing import NamedTuple

from tests.chaos.mail.house import LEASE_S, House
from tests.chaos.mail.points import POINTS, SEEN_BY_THE_SERVER
from tests.chaos.points import FREEZE, KILL, Mailbox, Order

PATIENCE_S = 8.0
TRIES = 4
LOOK_EVERY_S = 0.01
BETWEEN_ACTS_S = (0.1, 0.8)
FROZEN_AT = ("taken", *SEEN_BY_THE_SERVER, "begun", "report_before_commit")
"""First with messages in hand: a short run must see, too, that who wakes up leaves them alone."""
WEATHER = ("mail server killed", "postgres restarted", "mail server restarted", "postgres killed")
HITS = (1, 1, 2, 5, 12)


class Act(NamedTuple):
    """Strike at a point, or `what` as weather."""

    what: str
    point: str = ""
    hits: int = 1


def plan_of(seed: int, kills: int) -> list[Act]:
    """So many kills spread over all points, and in proportion freezes and weather."""
    dice = Random(f"mail plan {seed}")
    acts = [Act(KILL, point, dice.choice(HITS)) for point in islice(cycle(POINTS), kills)]
    acts += [Act(FREEZE, point, dice.choice(HITS)) for point in islice(cycle(FROZEN_AT), max(2, kills // 10))]
    acts += [Act(what) for what in islice(cycle(WEATHER), max(2, kills // 12))]
    dice.shuffle(acts)
    return acts


class Supervisor:
    """Carries out a plan; `done` counts by what and where."""

    def __init__(self, house: House, seed: int, kills: int, say: Callable[[str], None]) -> None:
        self._house, self._say = house, say
        self._plan = plan_of(seed, kills)
        self._dice = Random(f"mail supervisor {seed}")
        self._mailbox, self._numbers = Mailbox(house.control, "notifier"), count(1)
        self._strikes = house.folder / "strikes.jsonl"
        self._strikes.touch()
        self._waking: list[asyncio.Task[None]] = []
        self.done: Counter[str] = Counter()

    async def run(self) -> None:
        """The whole plan, until the last who was frozen is awake."""
        for number, act in enumerate(self._plan, start=1):
            await asyncio.sleep(self._dice.uniform(*BETWEEN_ACTS_S))
            reached = await (self._struck(act) if act.point else self._weather(act.what))
            self.done[f"{act.what} {act.point}".strip()] += reached
            if number % 10 == 0 or not reached:
                self._say(
                    f"{number} of {len(self._plan)}: {act.what} {act.point}{'' if reached else ' was not reached'}"
                )
        await asyncio.gather(*self._waking)

    async def _struck(self, act: Act) -> bool:
        hits = act.hits
        for _ in range(TRIES):
            order = Order(next(self._numbers), act.point, hits, act.what)
            self._mailbox.place(order)
            until_s = time.monotonic() + PATIENCE_S
            while time.monotonic() < until_s or not self._mailbox.withdraw():
                if (who := self._mailbox.struck(order.number)) is not None:
                    self._note_strike(act, int(who), self._mailbox.struck_at_ns(order.number))
                    return True
                await asyncio.sleep(LOOK_EVERY_S)
            hits = 1
        return False

    def _note_strike(self, act: Act, pid: int, at_ns: int) -> None:
        if act.what == KILL:
            self._note(at_ns, at_ns, pid)
        else:
            self._waking.append(asyncio.create_task(self._wake(pid, at_ns)))

    async def _wake(self, pid: int, at_ns: int) -> None:
        await asyncio.sleep(LEASE_S + self._dice.uniform(0.5, 4))  # its messages are in other hands
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.5)
        self._note(at_ns, time.time_ns(), pid)

    async def _weather(self, what: str) -> bool:
        began_ns = time.time_ns()
        target, _, how = what.rpartition(" ")
        one = self._house.mail_server if target == "mail server" else self._house.postgres
        ask = self._house.mail_server.stop if target == "mail server" else self._house.stop_postgres
        await asyncio.to_thread(one.kill if how == "killed" else ask)
        await asyncio.sleep(self._dice.uniform(0, 2))
        await asyncio.to_thread(one.start)
        self._note(began_ns, time.time_ns(), None)
        return True

    def _note(self, from_ns: int, until_ns: int, pid: int | None) -> None:
        with self._strikes.open("a") as file:
            file.write(json.dumps({"from_ns": from_ns, "until_ns": until_ns, "pid": pid}) + "\n")
