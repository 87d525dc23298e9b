"""`python deploy/auditor/auditor.py FOLDER`: were people told as promised? Judged from a replay's CSV files alone.

Shares no code with what it judges: Python's own library, its own reading of quiet hours, and the IANA zones. Reads
`messages.csv` (one row for each intended message) and, where it is there, `orders.csv` beside it.

1. Nobody is told of one issue twice.
2. Nobody is written to during their quiet hours, on the clock of where they live.
3. Every intended message has one outcome that somebody can read: what became of it, and why.
4. Of every broken promise the customer was told, or the reason why not is on record.
"""

import csv
import json
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

QUIET_FROM, QUIET_UNTIL = time(21), time(8)
"""What the shop promises where it says nothing else; a message at 08:00:00 is not too early."""
SENT = "sent"
WHY = ("held", "suppressed", "expired", "failed", "unknown")
"""Outcomes that need a reason."""
MOST_SHOWN = 20

Row = dict[str, str]


def main(folder: Path) -> int:
    """The figures on standard output and into `audit.json`; 1 when anything is not as promised."""
    messages = rows(folder / "messages.csv")
    orders_file = folder / "orders.csv"
    verdict = audit(messages, rows(orders_file) if orders_file.exists() else [])
    written = json.dumps(verdict, indent=2)
    (folder / "audit.json").write_text(written + "\n", encoding="utf-8")
    sys.stdout.write(written + "\n")
    return 1 if verdict["findings"] else 0


def rows(file: Path) -> list[Row]:
    """A file's rows by the names in its first line."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def audit(messages: list[Row], orders: list[Row]) -> dict[str, Any]:
    """What was found, with the figures that were looked at."""
    told_twice = twice(messages)
    in_the_night = at_night(messages)
    unreadable = without_outcome(messages)
    promises, untold = broken_promises(messages, orders)
    findings = {"told_twice": told_twice, "in_quiet_hours": in_the_night, "unreadable": unreadable, "untold": untold}
    return {
        "messages": len(messages),
        "outcomes": dict(sorted(Counter(message["outcome"] for message in messages).items())),
        "reasons": dict(sorted(Counter(_why(one) for one in messages if one["outcome"] != SENT).items())),
        "sent": sum(message["outcome"] == SENT for message in messages),
        "issues_told": len({one["issue_id"] for one in messages if _tells_issue(one) and one["outcome"] == SENT}),
        "zones": dict(sorted(Counter(message["zone"] for message in messages).items())),
        "local_hours_of_sending": hours(messages),
        **promises,
        "told_twice": len(told_twice),
        "in_quiet_hours": len(in_the_night),
        "unreadable": len(unreadable),
        "untold": len(untold),
        "findings": {name: found[:MOST_SHOWN] for name, found in findings.items() if found},
    }


def twice(messages: list[Row]) -> list[str]:
    """Customers and issues of whose opening more than one message went out, and messages that stand here twice."""
    openings = Counter(
        (one["customer_id"], one["issue_id"]) for one in messages if _tells_issue(one) and one["outcome"] == SENT
    )
    said = Counter((one["customer_id"], one["kind"], one["subject"]) for one in messages)
    ids = Counter(one["message_id"] for one in messages)
    counted = [*openings.items(), *said.items(), *ids.items()]
    return [f"{number} times: {subject}" for subject, number in counted if number > 1]


def at_night(messages: list[Row]) -> list[str]:
    """Messages that were decided to be sent, or were sent, while it was quiet where the customer lives."""
    found = []
    for one in messages:
        if one["outcome"] != SENT:
            continue
        for name in ("decided_at", "sent_at"):
            local = clock(one[name], one["zone"])
            if local is None or quiet(local):
                found.append(f"{one['message_id']} {name} {one[name]} in {one['zone']}")
    return found


def quiet(local: time) -> bool:
    """From 21:00 until before 08:00."""
    return local >= QUIET_FROM or local < QUIET_UNTIL


def clock(moment: str, zone: str) -> time | None:
    """The time of day there; None for what is no moment or no place."""
    try:
        return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).time()
    except (ValueError, ZoneInfoNotFoundError):
        return None


def hours(messages: list[Row]) -> dict[str, int]:
    """How many messages went out in which hour of their reader's day."""
    found = (clock(one["sent_at"], one["zone"]) for one in messages if one["outcome"] == SENT)
    return dict(sorted(Counter(f"{local:%H}" for local in found if local).items()))


def without_outcome(messages: list[Row]) -> list[str]:
    """Messages of which nobody can say what became of them, and why."""
    return [f"{one['message_id']}: {one['outcome']} {one['reason']}" for one in messages if not _is_readable(one)]


def _is_readable(one: Row) -> bool:
    match one["outcome"]:
        case "sent":
            return bool(one["decided_at"] and one["sent_at"] and one["channel"])
        case "held":
            return bool(one["reason"] and one["held_until"])
        case outcome:
            return outcome in WHY and bool(one["reason"])


def _why(one: Row) -> str:
    return f"{one['outcome']}: {one['reason']}"


def _tells_issue(one: Row) -> bool:
    return one["kind"] == "issue_opened" and bool(one["issue_id"])


def broken_promises(messages: list[Row], orders: list[Row]) -> tuple[dict[str, int], list[str]]:
    """Orders that came after the promised day or never, and those of them of which nobody said a word."""
    ends = [_moment(one["sent_at"]) for one in messages if one["sent_at"]]
    end = max(ends, default=datetime(2000, 1, 1, tzinfo=UTC))
    about: dict[str, list[Row]] = defaultdict(list)
    for one in messages:
        if _tells_issue(one):
            about[one["order_id"]].append(one)
    broken = [order for order in orders if _is_broken(order, end)]
    told = [order for order in broken if any(one["outcome"] == SENT for one in about[order["order_id"]])]
    known = [order for order in broken if order not in told and about[order["order_id"]]]
    in_time = sum(
        any(one["outcome"] == SENT and one["sent_at"] <= order["promised_until"] for one in about[order["order_id"]])
        for order in told
    )
    untold = [order["order_id"] for order in broken if not about[order["order_id"]]]
    figures = {
        "broken_promises": len(broken),
        "broken_promises_told": len(told),
        "broken_promises_told_before_they_broke": in_time,
        "broken_promises_not_told_with_a_reason": len(known),
    }
    return (figures if orders else {}), untold


def _is_broken(order: Row, end: datetime) -> bool:
    """Delivered after the promise; or not at all, and not called off, and the promise is over."""
    if not order["promised_until"]:
        return False
    promised = _moment(order["promised_until"])
    if order["delivered_at"]:
        return _moment(order["delivered_at"]) > promised
    return order["status"] != "cancelled" and promised < end


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build")))
