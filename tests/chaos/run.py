"""One run from the first record to the verdict, and the figures it leaves in `build/chaos.json`."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.local.replay.databases import Databases
from tests.chaos import topics, traffic
from tests.chaos.calm import Stuck, calm
from tests.chaos.house import SERVICES, House
from tests.chaos.judge import Verdict, journals, judge
from tests.chaos.plan import plan_of
from tests.chaos.points import POINTS
from tests.chaos.publishing import publish
from tests.chaos.supervisor import Crew, Supervisor
from tests.chaos.traffic import Chunk

CALM_PATIENCE_S = 60.0
READY_S = 60.0
ENOUGH_KILLS = 5
"""At every point, in a run that has as many for each."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wishes:
    """What kind of run it is."""

    kills: int
    seed: int
    events: int
    plant: str | None = None


@dataclass
class Report:
    """What a run showed."""

    wishes: Wishes
    verdict: Verdict
    figures: dict[str, Any]

    @property
    def is_gentle(self) -> list[str]:
        """Why the run proves less than it was asked to."""
        least = min(ENOUGH_KILLS, self.wishes.kills // len(POINTS))
        kills = self.figures["kills_by_point"]
        reasons = [f"only {kills.get(point, 0)} kills {point}" for point in POINTS if kills.get(point, 0) < least]
        return reasons + [f"no {name}" for name in ("compare_and_set_losses", "redeliveries") if not self.figures[name]]

    def as_json(self) -> dict[str, Any]:
        """For `build/chaos.json`."""
        clean, gentle = self.verdict.is_clean, self.is_gentle
        return {
            **asdict(self.wishes), "verdict": "green" if clean and not gentle else "red", "too_gentle": gentle,
            **self.figures, **self.verdict.figures, **asdict(self.verdict),
        }  # fmt: skip


async def run(wishes: Wishes, folder: Path, say: Say) -> Report:
    """Everything that is started is ended again. Raises what the machine cannot do, never what the services did."""
    began_at_s = time.monotonic()

    def tell(text: str) -> None:
        say(f"{time.monotonic() - began_at_s:6.1f} s  {text}")

    chunks = traffic.chunks(wishes.seed, wishes.events)
    house = House(folder, wishes.plant)
    try:
        await asyncio.to_thread(house.start)
        tell(f"{sum(len(chunk.records) for chunk in chunks)} records, {wishes.kills} kills, seed {wishes.seed}")
        databases = Databases({service: house.url(service) for service in SERVICES})
        figures, stuck = await _live_through(wishes, house, databases, chunks, tell)
        figures |= journals(house.control)
        tell("judging")
        records = await topics.dump(house.broker.bootstrap, folder / "raw")
        verdict = await judge(databases, folder, records, house.server_log)
        verdict.stuck = stuck
    finally:
        await asyncio.to_thread(house.stop)
    figures["records"] = sum(records.values())
    figures["seconds"] = round(time.monotonic() - began_at_s)
    return Report(wishes, verdict, figures)


async def _live_through(
    wishes: Wishes, house: House, databases: Databases, chunks: list[Chunk], tell: Say
) -> tuple[dict[str, Any], str]:
    """The chaos, and the calm after it; why the calm did not come, if it did not."""
    stuck = ""
    async with Crew(house).at_work() as crew:
        await crew.everybody_ready(READY_S)
        supervisor = Supervisor(house, crew, plan_of(wishes.seed, wishes.kills), wishes.seed, tell)
        await asyncio.gather(supervisor.run(), publish(house.broker.bootstrap, chunks, supervisor.left_s))
        tell("waiting for the calm")
        try:
            await calm(databases, house.broker.bootstrap, CALM_PATIENCE_S, tell)
        except Stuck as error:
            stuck = str(error)
        figures = {
            "kills": supervisor.kills.total(), "kills_by_point": dict(supervisor.kills),
            "freezes_by_point": dict(supervisor.freezes), "other": dict(supervisor.other), "crew": dict(crew.notes),
        }  # fmt: skip
    return figures, stuck
