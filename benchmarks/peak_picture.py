"""A picture of simulated days: what arrives, what waits, and how long until somebody is told. Plain SVG, no library."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Protocol

WIDTH, LEFT, TOP, PANEL, GAP = 960, 70, 60, 150, 46
FIRST, LAST = 19 * 60, 24 * 60
"""Minutes of the day that are shown."""
COLOURS = ("#3b6ea5", "#c9722b", "#5b8c5a")


class Day(Protocol):
    """What a day was like, by minute."""

    @property
    def arrived(self) -> list[float]: ...

    @property
    def lag(self) -> list[float]: ...

    @property
    def worst(self) -> dict[bool, list[float]]: ...


def svg(days: Sequence[tuple[str, Day]]) -> str:
    """Three panels over the evening."""
    panels = [
        ("events that arrive in a second, in one of four cells", [(COLOURS[0], days[0][1].arrived)]),
        ("events that wait", _lines(days, lambda day: day.lag)),
        ("seconds until an issue is told (slowest of the minute)", _lines(days, lambda day: day.worst[True])),
        ("minutes until any mail is sent (slowest of the minute)", _lines(days, _minutes)),
    ]
    height = TOP + len(panels) * (PANEL + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        "<style>text {font: 13px sans-serif}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, (name, _) in enumerate(days):
        x = LEFT + number * 290
        parts.append(f'<line x1="{x}" x2="{x + 24}" y1="18" y2="18" stroke="{COLOURS[number]}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 30}" y="22" fill="#222">{escape(name)}</text>')
    for number, (title, lines) in enumerate(panels):
        parts += _panel(title, lines, TOP + number * (PANEL + GAP))
    return "\n".join([*parts, "</svg>", ""])


def _minutes(day: Day) -> list[float]:
    return [seconds / 60 for seconds in day.worst[False]]


def _lines(days: Sequence[tuple[str, Day]], what: Callable[[Day], list[float]]) -> list[tuple[str, list[float]]]:
    return [(COLOURS[number], what(day)) for number, (_, day) in enumerate(days)]


def _panel(title: str, lines: list[tuple[str, list[float]]], top: int) -> list[str]:
    highest = max(max(values[FIRST:LAST]) for _, values in lines) or 1.0
    parts = [
        f'<text x="{LEFT}" y="{top - 6}" fill="#222">{escape(title)}</text>',
        f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end" fill="#666">{highest:,.0f}</text>',
        f'<text x="{LEFT - 8}" y="{top + PANEL}" text-anchor="end" fill="#666">0</text>',
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - 20}" height="{PANEL}" fill="none" stroke="#ddd"/>',
    ]
    for hour in range(FIRST // 60, LAST // 60):
        x = _x(hour * 60)
        parts.append(f'<text x="{x:.1f}" y="{top + PANEL + 15}" text-anchor="middle" fill="#666">{hour}:00</text>')
    for colour, values in lines:
        points = " ".join(
            f"{_x(minute):.1f},{top + PANEL - values[minute] / highest * PANEL:.1f}" for minute in range(FIRST, LAST)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return parts


def _x(minute: int) -> float:
    return LEFT + (minute - FIRST) / (LAST - FIRST) * (WIDTH - LEFT - 20)
