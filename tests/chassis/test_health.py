"""Alive by progress; waiting for others is alive, and not ready."""

import time

import pytest

from chassis.health import Health

NOW_S = time.monotonic()


@pytest.mark.parametrize(
    ("health", "stuck"),
    [
        (Health(), False),
        (Health(returned_at_s=NOW_S - 99), False),  # nothing turns where there is no worker
        (Health(has_worker=True), False),
        (Health(has_worker=True, returned_at_s=NOW_S - 99), True),
        (Health(has_worker=True, ready=True, behind_since_s={1: NOW_S - 99}), True),
        (Health(has_worker=True, ready=True, behind_since_s={1: NOW_S}), False),
        (Health(has_worker=True, ready=False, behind_since_s={1: NOW_S - 99}), False),
    ],
)
def test_a_process_is_worth_keeping_while_it_moves(health: Health, stuck: bool) -> None:
    assert (health.stuck() is not None) is stuck


def test_a_partition_that_went_to_somebody_else_is_forgotten() -> None:
    health = Health(has_worker=True, ready=True, behind_since_s={1: NOW_S - 99})
    health.owns({2})
    assert health.stuck() is None
