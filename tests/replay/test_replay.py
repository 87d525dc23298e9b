"""A replay from a folder to its figures, on real parts; and what is said of a folder that cannot be replayed."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from deploy.auditor import auditor
from deploy.local.ports import Ports
from deploy.local.replay.__main__ import main
from deploy.local.replay.figures import FILES, figures_in
from deploy.local.replay.replaying import replay
from storefront.recorded import recording_of
from tests.replay.conftest import ORDERS


@pytest.mark.timeout(200)
async def test_a_recorded_shop_is_replayed_and_every_figure_comes_from_its_files(
    recorded: Path, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    build.mkdir()
    recording = recording_of(recorded)
    figures = await replay(recording, 0.0, build, Console(quiet=True), tmp_path / "run", Ports.free())

    assert figures == figures_in(build) == json.loads(json.dumps(figures))
    assert {file.stem for file in build.iterdir()} == set(FILES)
    assert (figures["orders"], figures["decisions_without_cause"], figures["points"]["equal"]) == (ORDERS, 0, True)
    assert figures["points"]["independent_sum"] == recording.points > 0
    assert figures["delivered"] == sum(1 for order in recording.orders if order.delivered_at)
    assert all(r["consumed"] == sum(r.values()) - r["consumed"] for r in figures["records"].values())
    verdict = auditor.audit(auditor.rows(build / "messages.csv"), auditor.rows(build / "orders.csv"))
    assert (verdict["findings"], verdict["sent"]) == ({}, figures["messages_by_state"]["sent"])
    assert "example.org" not in "".join(file.read_text() for file in build.iterdir())


def test_a_folder_without_orders_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["replay", str(tmp_path)])

    assert main() == 1
    assert "nothing was replayed" in capsys.readouterr().out
