"""What early warnings were worth, beside the plain rule "still undelivered at the last look". Pure: CSV rows in.

For each lead, every order counts that was still undelivered at its last look at least so long before the end of the
promise. *Late* is delivered after the end; what was never delivered is left out here and counted apart, because nobody
can say. Needs only Python's own library.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Rows = Sequence[Mapping[str, str]]
LEADS_H = (48, 24)
WANTED_RECALL = 0.75
CURVE_STEP = 0.02


class Look(NamedTuple):
    """One order at its last look with a lead, and what became of it."""

    at: datetime
    chance: float
    """To come late, as the model gave it; thousandths are exact."""
    shown: float
    """Recalibrated."""
    is_warned: bool
    is_late: bool | None
    """None where no delivery is recorded."""


def foresight(orders: Rows, forecasts: Rows) -> dict[str, Any]:
    """The figures by lead."""
    return {f"{lead_h}_h": _figures(looks(orders, forecasts, lead_h)) for lead_h in LEADS_H}


def looks(orders: Rows, forecasts: Rows, lead_h: int) -> list[Look]:
    """The last look at each order at least `lead_h` hours before the promise that it was kept or broken by, in time."""
    ends = {order["order_id"]: order for order in orders if order["promised_until"]}
    last: dict[str, Mapping[str, str]] = {}
    for row in forecasts:
        order = ends.get(row["order_id"])
        if order and row["ends_at"] == order["promised_until"] and _lead(row) >= timedelta(hours=lead_h):
            last[row["order_id"]] = max(row, last.get(row["order_id"], row), key=lambda each: _moment(each["at"]))
    deciding = max((row["stage"] for row in last.values()), default="", key=_number)
    found = [_look(row, ends[order_id]) for order_id, row in last.items() if row["stage"] == deciding]
    return sorted(found, key=lambda look: look.at)


def _number(stage: str) -> int:
    return int(stage or -1)


def _lead(row: Mapping[str, str]) -> timedelta:
    return _moment(row["ends_at"]) - _moment(row["at"])


def _look(row: Mapping[str, str], order: Mapping[str, str]) -> Look:
    delivered, raw = order["delivered_at"], int(row["raw_milli"])
    is_late = _moment(delivered) > _moment(order["promised_until"]) if delivered else None
    return Look(_moment(row["at"]), raw / 1000, int(row["late_milli"]) / 1000, raw >= int(row["bar_milli"]), is_late)


def _figures(found: Sequence[Look]) -> dict[str, Any]:
    known = [look for look in found if look.is_late is not None]
    middle = len(known) // 2
    return {
        "orders": len(known),
        "late": sum(1 for look in known if look.is_late),
        "never_delivered": len(found) - len(known),
        "plain_rule_precision": _share(sum(1 for look in known if look.is_late), len(known)),
        "average_precision": average_precision(known),
        "warned": judged(known, [look for look in known if look.is_warned]),
        "warned_in_the_first_half": judged(known[:middle], [look for look in known[:middle] if look.is_warned]),
        "warned_in_the_second_half": judged(known[middle:], [look for look in known[middle:] if look.is_warned]),
        f"at_recall_{WANTED_RECALL}": judged(known, _most_likely(known, WANTED_RECALL)),
        "curve": curve(known),
        "calibration": calibration(found),
    }


def judged(known: Sequence[Look], chosen: Sequence[Look]) -> dict[str, Any]:
    """What choosing these was worth; false alarms as a share of those of the plain rule, which chooses everybody."""
    right, late = sum(1 for look in chosen if look.is_late), sum(1 for look in known if look.is_late)
    wrong = len(chosen) - right
    return {
        "right": right, "wrong": wrong, "precision": _share(right, len(chosen)), "recall": _share(right, late),
        "false_alarms_of_plain_rule": _share(wrong, len(known) - late),
    }  # fmt: skip


def average_precision(known: Iterable[Look]) -> float | None:
    """The mean, over the late ones, of the precision among all that were at least as likely; ties count together."""
    total = right = 0
    points = 0.0
    for tied in _by_chance(known):
        late = sum(1 for look in tied if look.is_late)
        total, right = total + len(tied), right + late
        points += late * right / total
    return _share(points, right)


def _by_chance(known: Iterable[Look]) -> Iterable[list[Look]]:
    """The likeliest first, those of one chance together."""
    groups: dict[float, list[Look]] = {}
    for look in known:
        groups.setdefault(look.chance, []).append(look)
    return (groups[chance] for chance in sorted(groups, reverse=True))


def _most_likely(known: Sequence[Look], recall: float) -> list[Look]:
    late = sum(1 for look in known if look.is_late)
    chosen: list[Look] = []
    for tied in _by_chance(known):
        if late and sum(1 for look in chosen if look.is_late) >= recall * late:
            break
        chosen += tied
    return chosen


def curve(known: Sequence[Look]) -> list[dict[str, float]]:
    """Precision at each recall, in steps."""
    late = sum(1 for look in known if look.is_late)
    points: list[dict[str, float]] = []
    total = right = 0
    for tied in _by_chance(known):
        total, right = total + len(tied), right + sum(1 for look in tied if look.is_late)
        recall = right / late if late else 0.0
        if right and (not points or recall - points[-1]["recall"] >= CURVE_STEP or recall == 1):
            points.append({"recall": round(recall, 4), "precision": round(right / total, 4)})
    return points


def calibration(found: Sequence[Look]) -> list[dict[str, float]]:
    """By tenth of the chance that was shown: how many came late. What never came is late to whoever waits for it."""
    tenths: dict[int, list[Look]] = {}
    for look in found:
        tenths.setdefault(min(9, int(look.shown * 10)), []).append(look)
    return [
        {
            "forecast": round(sum(look.shown for look in tenth) / len(tenth), 4),
            "came_late": round(sum(1 for look in tenth if look.is_late is not False) / len(tenth), 4),
            "orders": len(tenth),
        }
        for _, tenth in sorted(tenths.items())
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
