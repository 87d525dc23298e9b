"""The same log leads to the same rows: said twice, heard again, heard otherwise, and after a backup was put back."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.ports import Ports
from deploy.local.replay.backup import halves, restored
from deploy.local.replay.equalities import HURRIED, equalities
from storefront.saying import Said

BRIEFLY = replace(
    HURRIED,
    workers=2,
    kill_every_s=6,
    settings={**HURRIED.settings, "NOTIFIER_LEASE_S": "3", "KAFKA_SESSION_TIMEOUT_MS": "3000"},
)
STEPS: list[str] = []


@pytest.mark.timeout(300)
async def test_however_a_log_is_heard_it_leads_to_the_same_rows(said: list[Said], tmp_path: Path) -> None:
    run = tmp_path / "run"
    found = [equality async for equality in equalities(said, run, STEPS.append, BRIEFLY, ports=Ports.free())]

    assert [(equality.name, equality.differences) for equality in found] == [
        ("the same log published twice", []),
        ("everything consumed again", []),
        ("heard in another way", []),
    ]
    assert all(equality.rows > 500 for equality in found[:2])


@pytest.mark.timeout(300)
async def test_after_a_backup_was_put_back_the_rows_are_the_same_and_nobody_is_told_twice(
    said: list[Said], tmp_path: Path
) -> None:
    found = await restored(said, tmp_path / "run", STEPS.append, ports=Ports.free())

    assert (found.differences, found.told_twice) == ([], 0)
    assert found.mails_after_backup > 30


def test_a_log_is_cut_where_time_is_said(said: list[Said]) -> None:
    first, second = halves(said, timedelta(days=1))

    assert first + second == said
    assert first[-1].said_at < second[0].said_at.replace(hour=0, minute=0, second=0, microsecond=0) <= second[0].said_at
