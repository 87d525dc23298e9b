"""The outside script finds what it is there to find, and nothing of ours is in it."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.auditor import auditor

SENT = {
    "message_id": "m1", "customer_id": "ada", "kind": "issue_opened", "subject": "i1", "issue_id": "i1",
    "order_id": "o1", "channel": "email", "outcome": "sent", "reason": "allowed", "decided_at": "2026-03-29T06:00:00Z",
    "sent_at": "2026-03-29T06:00:00Z", "held_until": "", "zone": "Europe/Berlin",
}  # fmt: skip
"""At eight in the morning after the clocks went forward."""
ORDER = {
    "order_id": "o1", "status": "delivered", "promised_until": "2026-03-30T00:00:00Z",
    "delivered_at": "2026-04-01T00:00:00Z",
}  # fmt: skip


def another(**changes: str) -> dict[str, str]:
    return {**SENT, "message_id": "m2", "issue_id": "i2", "subject": "i2", **changes}


def found(*messages: dict[str, str], orders: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return dict(auditor.audit(list(messages), list(orders))["findings"])


def test_nothing_of_ours_is_imported_and_nothing_but_pythons_own() -> None:
    files = list(Path(auditor.__file__).parent.glob("*.py"))
    assert len(files) == 2
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names, file
            assert not (isinstance(node, ast.ImportFrom) and node.level), file


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ([SENT], None),
        ([SENT, another()], None),
        ([SENT, another(issue_id="i1")], "told_twice"),
        ([SENT, another(issue_id="i1", outcome="suppressed", reason="no_contact")], None),
        ([SENT, another(subject="i1")], "told_twice"),
        ([SENT, {**SENT, "kind": "order_shipped"}], "told_twice"),
        ([{**SENT, "sent_at": "2026-03-29T05:59:59Z"}], "in_quiet_hours"),
        ([{**SENT, "decided_at": "2026-03-28T20:00:00Z"}], "in_quiet_hours"),
        ([{**SENT, "zone": "America/Manaus"}], "in_quiet_hours"),
        ([{**SENT, "zone": ""}], "in_quiet_hours"),
        ([{**SENT, "zone": "Mars/Olympus"}], "in_quiet_hours"),
        ([another(outcome="held", reason="quiet_hours", held_until="2026-03-30T06:00:00Z")], None),
        ([another(outcome="held", reason="quiet_hours")], "unreadable"),
        ([another(outcome="suppressed", reason="")], "unreadable"),
        ([another(outcome="under_way", reason="")], "unreadable"),
        ([another(outcome="expired", reason="expired")], None),
        ([{**SENT, "channel": ""}], "unreadable"),
    ],
)
def test_it_finds_what_is_not_as_promised(messages: list[dict[str, str]], name: str | None) -> None:
    assert list(found(*messages)) == ([name] if name else [])


@pytest.mark.parametrize(
    ("order", "untold"),
    [
        (ORDER, []),
        ({**ORDER, "order_id": "o2"}, ["o2"]),
        ({**ORDER, "order_id": "o2", "delivered_at": "2026-03-29T00:00:00Z"}, []),
        ({**ORDER, "order_id": "o2", "delivered_at": "", "promised_until": "2026-03-28T00:00:00Z"}, ["o2"]),
        ({**ORDER, "order_id": "o2", "delivered_at": "", "status": "cancelled"}, []),
        ({**ORDER, "order_id": "o2", "promised_until": ""}, []),
    ],
)
def test_it_finds_whoever_was_not_told_of_a_broken_promise(order: dict[str, str], untold: list[str]) -> None:
    assert found(SENT, orders=(order,)).get("untold", []) == untold


def test_it_writes_its_verdict_beside_what_it_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = list(SENT)
    lines = [",".join(columns), ",".join(SENT.values())]
    (tmp_path / "messages.csv").write_text("\n".join(lines) + "\n")
    assert auditor.main(tmp_path) == 0
    assert (tmp_path / "audit.json").read_text() == capsys.readouterr().out
    (tmp_path / "messages.csv").write_text("\n".join([*lines, lines[1]]) + "\n")
    assert auditor.main(tmp_path) == 1
