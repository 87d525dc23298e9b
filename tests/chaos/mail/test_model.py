"""The judge of the mails: what it calls lost, doubled and beyond the window."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.mail.model import Judgement, judge

WINDOW_MS = 500.0
SECOND = 1_000_000_000


def judged(
    folder: Path,
    kind: str,
    state: str,
    mails: list[tuple[float, int, str]],
    strikes: list[tuple[float, float, int | None]],
) -> Judgement:
    """One message of that kind: its outcome, mails by second, process and name, strikes by seconds and process."""

    def write(name: str, rows: list[dict[str, Any]]) -> None:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    write("said.jsonl", [{"kind": kind, "customer_id": "m-1", "data": {"order_id": "o-1"}}])
    write("outcomes.jsonl", [{"message_id": "x", "customer_id": "m-1", "order_id": "o-1", "state": state}])
    write("strikes.jsonl", [
        {"from_ns": int(begun * SECOND), "until_ns": int(ended * SECOND), "pid": pid} for begun, ended, pid in strikes
    ])  # fmt: skip
    lines = [f"{int(at * SECOND)} {pid} m-1@chaos.example <{name}@shop> o-1\n" for at, pid, name in mails]
    (folder / "ledger").write_text("".join(lines))
    return judge(folder, WINDOW_MS)


def test_a_mail_that_was_accepted_once_and_is_said_to_be_sent_is_right(tmp_path: Path) -> None:
    assert judged(tmp_path, "order-confirmed", "sent", [(10, 7, "x")], []).is_clean


@pytest.mark.parametrize(
    ("kind", "state", "mails", "found"),
    [
        ("order-confirmed", "sent", [], "lost"),
        ("issue-opened", "unknown", [(10, 7, "x")], "lost"),
        ("order-confirmed", "ready", [], "unfinished"),
        ("order-confirmed", "sent", [(10, 7, "x"), (15, 8, "x")], "doubled"),
        ("issue-opened", "sent", [(10, 7, "x"), (15, 8, "y")], "doubled"),
        ("issue-opened", "sent", [(9, 7, "x"), (15, 8, "x")], "beyond_window"),
        ("issue-opened", "sent", [(10, 8, "x"), (15, 9, "x")], "beyond_window"),
    ],
)
def test_what_is_wrong_is_found(
    tmp_path: Path, kind: str, state: str, mails: list[tuple[float, int, str]], found: str
) -> None:
    verdict = judged(tmp_path, kind, state, mails, [(10.2, 10.2, 7)])
    assert getattr(verdict, found), found
    assert not verdict.is_clean


def test_what_nobody_asked_for_is_found(tmp_path: Path) -> None:
    assert judged(tmp_path, "customer-updated", "sent", [(10, 7, "x")], []).unasked


def test_behind_a_kill_an_issue_may_come_again_under_its_name_and_anything_else_may_be_unknown(tmp_path: Path) -> None:
    again = judged(tmp_path, "issue-opened", "sent", [(10, 7, "x"), (15, 8, "x")], [(10.2, 10.2, 7)])
    assert (again.is_clean, again.repeated, again.widest_ms) == (True, 1, pytest.approx(200))
    arrived = judged(tmp_path, "order-confirmed", "unknown", [(10, 7, "x")], [(10.2, 10.2, 7)])
    assert (arrived.is_clean, arrived.unknown_and_arrived) == (True, 1)
    not_begun = judged(tmp_path, "order-confirmed", "unknown", [], [(10.2, 10.2, 7)])
    assert (not_begun.is_clean, not_begun.unknown_and_not) == (True, 1)


def test_who_was_frozen_while_handing_over_comes_after_the_one_who_did_it_again(tmp_path: Path) -> None:
    woken = judged(tmp_path, "issue-opened", "sent", [(10, 8, "x"), (10.2, 7, "x")], [(4, 10.1, 7)])
    assert (woken.is_clean, woken.repeated) == (True, 1)


def test_while_the_mail_server_is_away_its_yes_may_not_have_been_heard(tmp_path: Path) -> None:
    assert judged(tmp_path, "order-confirmed", "unknown", [(10, 7, "x")], [(10.1, 12, None)]).is_clean
