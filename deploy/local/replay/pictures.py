"""Two pictures of what early warnings were worth: precision against recall, and forecast against outcome. Plain SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SIZE, LEFT, TOP, BOTTOM = 420, 64, 48, 52
WIDTH, HEIGHT = LEFT + SIZE + 24, TOP + SIZE + BOTTOM
COLOURS = ("#3b6ea5", "#c07a2c")
Point = tuple[float, float]


def draw(folder: Path, foresight: Mapping[str, Any]) -> list[Path]:
    """Write both pictures into `folder`; the files."""
    pictures = {"precision-recall.svg": precision_recall(foresight), "calibration.svg": calibration(foresight)}
    for name, content in pictures.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in pictures]


def precision_recall(foresight: Mapping[str, Any]) -> str:
    """A line for each lead, what was really warned as a circle, the plain rule as a cross at recall 1."""
    parts = _frame("Warned in time: how many were right", "recall: share of late orders warned", "precision")
    for number, (lead, found) in enumerate(foresight.items()):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(_line([(point["recall"], point["precision"]) for point in found["curve"]], colour))
        warned = found["warned"]
        if warned["precision"] is not None and warned["recall"] is not None:
            x, y = _place((warned["recall"], warned["precision"]))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"><title>warned</title></circle>')
        if found["plain_rule_precision"] is not None:
            x, y = _place((1.0, found["plain_rule_precision"]))
            parts.append(f'<text x="{x:.1f}" y="{y + 5:.1f}" text-anchor="middle" fill="{colour}">✕</text>')
        parts.append(_legend(number, f"{lead.removesuffix('_h')} h before; ● warned, ✕ plain rule", colour))
    return _svg(parts)


def calibration(foresight: Mapping[str, Any]) -> str:
    """A circle for each tenth of the chances shown, its area after the orders in it; on the diagonal is right."""
    parts = _frame("Of those forecast so, so many came late", "chance that was shown", "share that came late")
    parts.append(_line([(0.0, 0.0), (1.0, 1.0)], "#bbb"))
    for number, (lead, found) in enumerate(foresight.items()):
        colour = COLOURS[number % len(COLOURS)]
        most = max((tenth["orders"] for tenth in found["calibration"]), default=1)
        for tenth in found["calibration"]:
            x, y = _place((tenth["forecast"], tenth["came_late"]))
            radius = 3 + 11 * (tenth["orders"] / most) ** 0.5
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.6">'
                f"<title>{tenth['orders']} orders</title></circle>"
            )
        parts.append(_legend(number, f"{lead.removesuffix('_h')} h before", colour))
    return _svg(parts)


def _place(point: Point) -> Point:
    return LEFT + point[0] * SIZE, TOP + (1 - point[1]) * SIZE


def _frame(title: str, across: str, up: str) -> list[str]:
    parts = [f'<text x="{LEFT}" y="24" fill="#222">{title}</text>']
    for tenth in range(0, 11, 2):
        x, y = _place((tenth / 10, tenth / 10))
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + SIZE}" stroke="#e4e4e4"/>')
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + SIZE}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + SIZE + 18}" text-anchor="middle" fill="#666">{tenth / 10:g}</text>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#666">{tenth / 10:g}</text>')
    middle = TOP + SIZE / 2
    parts.append(f'<text x="{LEFT + SIZE / 2}" y="{HEIGHT - 12}" text-anchor="middle" fill="#222">{across}</text>')
    parts.append(
        f'<text x="16" y="{middle}" text-anchor="middle" fill="#222" transform="rotate(-90 16 {middle})">{up}</text>'
    )
    return parts


def _line(points: Sequence[Point], colour: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(_place, points))
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _legend(number: int, words: str, colour: str) -> str:
    return f'<text x="{LEFT + 12}" y="{TOP + SIZE - 14 - 20 * number}" fill="{colour}">{words}</text>'


def _svg(parts: Sequence[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        "<style>text {font: 13px sans-serif}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    return "\n".join([*head, *parts, "</svg>", ""])
