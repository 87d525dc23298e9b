"""Alive by progress; waiting for others is alive, and not ready."""

import time
from typing import Any

import pytest

from chassis.health import Health

LONG_S = 99.0


def health(
    *, has_worker: bool = True, ready: bool = True, returned_s: float = 0, behind_s: float | None = None
) -> Health:
    """A loop that came round, and a partition that moved last, so many seconds ago."""
    now_s = time.monotonic()
    behind = {} if behind_s is None else {1: now_s - behind_s}
    return Health(has_worker=has_worker, ready=ready, returned_at_s=now_s - returned_s, behind_since_s=behind)


@pytest.mark.parametrize(
    ("found", "stuck"),
    [
        ({"has_worker": False, "returned_s": LONG_S}, False),  # nothing turns where there is no worker
        ({}, False),
        ({"returned_s": LONG_S}, True),
        ({"behind_s": LONG_S}, True),
        ({"behind_s": 0}, False),
        ({"behind_s": LONG_S, "ready": False}, False),
    ],
)
def test_a_process_is_worth_keeping_while_it_moves(found: dict[str, Any], stuck: bool) -> None:
    assert (health(**found).stuck() is not None) is stuck


def test_a_partition_that_went_to_somebody_else_is_forgotten() -> None:
    moved = health(behind_s=LONG_S)
    moved.owns({2})
    assert moved.stuck() is None


def test_who_has_started_stays_started_whatever_is_away_later() -> None:
    found = Health()
    assert not found.started

    found.set_ready(True)
    found.set_ready(False, "partition 2 is halted: KeyError")

    assert found.started
