"""`python -m tests.chaos.mail.victim worker`: the notifier as it is shipped, with points laid around it."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from chassis import main
from chassis.runtime import Runtime
from notifier import deliveries, handing_store, sender
from notifier.app import application
from notifier.handing import Handing
from tests.chaos.laying import lay
from tests.chaos.mail.plants import PLANTS
from tests.chaos.points import Conscience, Journal
from tests.chaos.victim import lay_points


def lay_points_of_the_sender(conscience: Conscience) -> None:
    """Around taking in hand, beginning and reporting: each after what it is named for."""
    hand_over, begin, give, answer = Handing.hand_over, handing_store.begin, Runtime._give, Runtime._answers

    async def taken(self: Any, customers: Any, *rest: Any) -> Any:
        if customers:
            conscience.reach("taken")
        return await hand_over(self, customers, *rest)

    async def begun(*arguments: Any) -> Any:
        ours = await begin(*arguments)
        conscience.reach("begun")
        return ours

    async def answered(*arguments: Any) -> Any:
        answers = await answer(*arguments)
        conscience.reach("report_before_commit")
        return answers

    async def given(*arguments: Any) -> Any:
        answers = await give(*arguments)
        conscience.reach("report_committed")
        return answers

    lay(Handing, "hand_over", taken)
    lay(handing_store, "begin", begun)
    lay(Runtime, "_answers", answered)
    lay(Runtime, "_give", given)


def come_back_soon() -> None:
    """A mail server that was away is tried again after moments, and what a dead or frozen notifier had is looked for as
    soon: a run lasts minutes, and who is woken must find its messages in other hands."""
    lay(deliveries, "PAUSES", (timedelta(seconds=2),) * 100)
    lay(sender, "LOOK_FOR_LOST_EVERY_S", 0.5)


def run() -> None:
    """Plant what is to be planted, lay the points, then be the notifier."""
    folder, name = Path(os.environ["CHAOS_FOLDER"]), os.environ["CHAOS_WORKER"]
    if plant := os.environ.get("CHAOS_PLANT"):
        PLANTS[plant]()
    conscience = Conscience(folder, "notifier", str(os.getpid()))
    lay_points(conscience, Journal(folder / f"{name}.journal"))
    lay_points_of_the_sender(conscience)
    come_back_soon()
    main.main(application)


if __name__ == "__main__":
    sys.argv[0] = "notifier"
    run()
