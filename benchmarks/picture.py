"""A picture of the ratios: bars on a logarithmic axis, the mark of 1, what is to be reached. Plain SVG, no library."""

from collections.abc import Sequence
from html import escape
from math import floor, log10

from benchmarks.results import Ratio

WIDTH, LEFT, RIGHT = 960, 330, 90
ROW, TOP = 30, 56


def svg(ratios: Sequence[Ratio]) -> str:
    """One row for each ratio; the thin line is from the lowest to the highest round."""
    lowest = min((ratio.lowest for ratio in ratios), default=0.1)
    highest = max((ratio.highest for ratio in ratios), default=10.0)
    first, last = floor(log10(min(lowest, 0.9))), floor(log10(max(highest, 1.1))) + 1

    def x(value: float) -> float:
        return LEFT + (log10(value) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    height = TOP + ROW * len(ratios) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        "<style>text {font: 13px sans-serif}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="12" y="22" fill="#222">How fast, beside what</text>',
    ]
    for power in range(first, last + 1):
        stroke = "#888" if power == 0 else "#ddd"
        place = x(10.0**power)
        parts.append(f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{TOP - 8}" y2="{height - 12}" stroke="{stroke}"/>')
        parts.append(f'<text x="{place:.1f}" y="{TOP - 14}" text-anchor="middle" fill="#666">{10.0**power:g}</text>')
    for number, ratio in enumerate(ratios):
        parts += _row(ratio, TOP + number * ROW, x(1.0), x(ratio.median), x(ratio.lowest), x(ratio.highest))
        if ratio.reach:
            place, top = x(ratio.reach), TOP + number * ROW
            parts.append(
                f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{top}" y2="{top + ROW - 8}" stroke="#c33" '
                'stroke-width="2"><title>to reach</title></line>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _row(ratio: Ratio, top: int, one: float, median: float, lowest: float, highest: float) -> list[str]:
    left, width = min(one, median), max(1.0, abs(median - one))
    fill, middle = "#3b6ea5" if ratio.median >= 1 else "#b9cbe0", top + (ROW - 8) / 2
    label = escape(f"{ratio.section.replace('_', '-')}: {ratio.what}")
    return [
        f'<text x="{LEFT - 12}" y="{middle + 4:.1f}" text-anchor="end" fill="#222">{label}</text>',
        f'<rect x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="{ROW - 14}" fill="{fill}"/>',
        f'<line x1="{lowest:.1f}" x2="{highest:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="#222"/>',
        f'<text x="{WIDTH - RIGHT + 14}" y="{middle + 4:.1f}" fill="#222">{ratio.median:.3g}</text>',
    ]
