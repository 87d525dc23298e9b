"""Many seeds, played side by side by two processes, each on a database of its own."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Queue, get_context

import pytest

from deploy.local.postgres import Postgres
from tests.simulation.planted import PLANTS
from tests.simulation.stage import Stage
from tests.simulation.steps import script_of

PROCESSES = 2


def first_broken(
    server: Postgres, seeds: range, plant: str | None, tell: Callable[[int, int, float], None]
) -> int | None:
    """The first seed that breaks a promise; `tell` hears how many of how many kept all, and after how many seconds."""
    context, began_s = get_context("spawn"), time.monotonic()
    urls: Queue[str] = context.Queue()
    for number in range(PROCESSES):
        urls.put(server.database(f"simulation_{number}"))
    with ProcessPoolExecutor(PROCESSES, context, _open_stage, (urls, plant)) as processes:
        for seed, is_broken in zip(seeds, processes.map(_is_broken, seeds), strict=True):
            if is_broken:
                processes.shutdown(cancel_futures=True)
                return seed
            tell(seed - seeds.start + 1, len(seeds), time.monotonic() - began_s)
    return None


_stages: list[Stage] = []
"""This process's own."""


def _open_stage(urls: "Queue[str]", plant: str | None) -> None:
    if plant:
        PLANTS[plant](pytest.MonkeyPatch())
    _stages.append(Stage(urls.get()))


def _is_broken(seed: int) -> bool:
    return bool(_stages[0].play(script_of(seed)).faults)
