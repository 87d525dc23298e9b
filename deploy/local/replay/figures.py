"""Every figure of a replay, from its CSV files and nothing else: `python -m deploy.local.replay.figures FOLDER`.

Needs only Python's own library, so that somebody who trusts none of us can rerun or rewrite it. Pure.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.local.replay.foresight import foresight

Rows = Sequence[Mapping[str, str]]
FILES = ("orders", "issues", "forecasts", "ledger", "messages", "asked", "decisions", "records", "tables", "run")
LEADS_H = (72, 48, 24)


def figures_in(folder: Path) -> dict[str, Any]:
    """The figures of the files in a folder."""
    files: dict[str, Rows] = {}
    for name in FILES:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            files[name] = list(csv.DictReader(lines))
    return figures_of(files)


def figures_of(files: Mapping[str, Rows]) -> dict[str, Any]:
    """The figures of the rows of every file, by its name."""
    orders, messages, decisions = files["orders"], files["messages"], files["decisions"]
    run = {row["name"]: row["value"] for row in files["run"]}
    said = int(run["storefront_events"])
    late = {order["order_id"] for order in orders if is_late(order)}
    sent = [message for message in messages if message["state"] == "sent"]
    return {
        "layout": run["layout"],
        "storefront_events": said,
        "orders": len(orders),
        "delivered": sum(1 for order in orders if order["delivered_at"]),
        "late": len(late),
        "never_delivered_by_status": _counted(o["status"] for o in orders if not o["delivered_at"]),
        "issues_by_kind": _counted(issue["kind"] for issue in files["issues"]),
        "noticed": warnings(orders, first_opened(files["issues"])),
        "warned": warnings(orders, first_told(sent, files["issues"])),
        "early_warning": foresight(orders, files["forecasts"]),
        "points": points(files["ledger"], run),
        "messages_by_state": _counted(message["state"] for message in messages),
        "messages_sent_by_kind": _counted(message["kind"] for message in sent),
        "messages_per_order": _share(len(sent), len(orders)),
        "surveys": surveys(files["asked"], decisions),
        "decisions": len(decisions),
        "decisions_without_cause": sum(1 for decision in decisions if not decision["root"]),
        "decisions_per_storefront_event": _share(len(decisions), said),
        "records": _records(files["records"]),
        "rows_per_storefront_event": {
            f"{row['service']}.{row['table']}": _share(int(row["rows"]), said) for row in files["tables"]
        },
        **timing(run, said),
    }


def is_late(order: Mapping[str, str]) -> bool:
    """Delivered after the end of the promised day."""
    promised, delivered = order["promised_until"], order["delivered_at"]
    return bool(promised and delivered) and _moment(delivered) > _moment(promised)


DELAYS = ("delivery_at_risk", "delivery_late")
"""Kinds that say that a promise will be missed, or was. A stalled parcel is told too, but says nothing of it."""


def first_opened(issues: Rows) -> dict[str, datetime]:
    """When Rapport first knew of a delay, by order."""
    return _earliest((i["order_id"], i["opened_at"]) for i in issues if i["kind"] in DELAYS)


def first_told(sent: Rows, issues: Rows) -> dict[str, datetime]:
    """When the customer was first written to about a delay of an order."""
    delays = {issue["issue_id"] for issue in issues if issue["kind"] in DELAYS}
    return _earliest(
        (m["order_id"], m["ready_at"])
        for m in sent
        if m["kind"] == "issue_opened" and m["issue_id"] in delays and m["ready_at"]
    )


def warnings(orders: Rows, at: Mapping[str, datetime]) -> dict[str, Any]:
    """What warnings at least so many hours before the end of the promise were worth.

    right: delivered late after all; wrong: delivered in time; open: no delivery is recorded, so nobody can say.
    """
    late = sum(1 for order in orders if is_late(order))
    found: dict[str, Any] = {}
    for lead_h in LEADS_H:
        warned = [
            order
            for order in orders
            if order["promised_until"]
            and order["order_id"] in at
            and at[order["order_id"]] <= _moment(order["promised_until"]) - timedelta(hours=lead_h)
        ]
        right = sum(1 for order in warned if is_late(order))
        wrong = sum(1 for order in warned if order["delivered_at"] and not is_late(order))
        found[f"{lead_h}_h"] = {
            "orders": len(warned), "right": right, "wrong": wrong, "open": len(warned) - right - wrong,
            "precision": _share(right, right + wrong), "recall": _share(right, late),
            "false_alarms_per_1000_orders": _share(1_000 * wrong, len(orders)),
        }  # fmt: skip
    return found


def points(ledger: Rows, run: Mapping[str, str]) -> dict[str, int | bool]:
    """Pending plus vested: what was earned less what was taken back. Goodwill is no part of the check."""
    by_kind: Counter[str] = Counter()
    for posting in ledger:
        by_kind[posting["kind"]] += int(posting["points"])
    held = by_kind["earned"] - by_kind["clawed_back"]
    independent = int(run["points_in_recording"])
    return {**by_kind, "pending_plus_vested": held, "independent_sum": independent, "equal": held == independent}


def surveys(asked: Rows, decisions: Rows) -> dict[str, Any]:
    """What became of the question after each delivery; held counts questions that waited at least once."""
    about = [d for d in decisions if d["service"] == "feedback" and d["rule"] == "survey"]
    return {
        "by_state": _counted(row["state"] for row in asked),
        "held": len({decision["subject"] for decision in about if decision["outcome"] == "held"}),
        "held_by_reason": _counted(decision["reason"] for decision in about if decision["outcome"] == "held"),
        "not_asked_by_reason": _counted(d["reason"] for d in about if d["outcome"] == "not_asked"),
    }


def timing(run: Mapping[str, str], said: int) -> dict[str, Any]:
    """Where the time went. Facts are what the four services said; an event is a storefront's or a fact."""
    stages = {name.removeprefix("s_"): round(float(run[name]), 1) for name in run if name.startswith("s_")}
    cpu = {name.removeprefix("cpu_"): round(float(run[name]), 1) for name in run if name.startswith("cpu_")}
    played_s = float(run["s_until_sent"])
    facts = int(run["facts"])
    return {
        "seconds": round(float(run["s_in_all"]), 1),
        "events_per_second": round((said + facts) / played_s) if played_s else 0,
        "storefront_events_per_second": round(said / played_s) if played_s else 0,
        "facts": facts,
        "seconds_by_stage": stages,
        "processor_seconds": cpu,
    }


def _records(rows: Rows) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for row in rows:
        fates = ("consumed", "applied", "duplicate", "parked", "ignored")
        found.setdefault(row["service"], Counter()).update({fate: int(row[fate]) for fate in fates})
    return {service: dict(counts) for service, counts in found.items()}


def _earliest(moments: Iterable[tuple[str, str]]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for subject, text in moments:
        moment = _moment(text)
        found[subject] = min(moment, found.get(subject, moment))
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


if __name__ == "__main__":
    print(json.dumps(figures_in(Path(sys.argv[1] if len(sys.argv) > 1 else "build")), indent=2))
