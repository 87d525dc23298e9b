"""One trace as a picture: who did what, one below the other, as long as it took. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

from deploy.local.collector import Seen

ROW, TOP, LEFT, WIDTH, RIGHT = 22, 64, 430, 620, 90
"""Pixels: height of a row, above the rows, left of the bars, of the bars, right of them."""
COLOURS = {
    "storefront": "#6b7280",
    "orders-listener": "#2563eb",
    "feedback": "#d97706",
    "loyalty": "#7c3aed",
    "notifier": "#059669",
}
FONT = "font-family='system-ui, sans-serif' font-size='12'"


def svg(spans: Sequence[Seen], title: str) -> str:
    """The picture of one trace's spans."""
    rows = list(_in_order(spans))
    began_ns, ended_ns = min(span.start_ns for span in spans), max(span.end_ns for span in spans)
    length_ns = max(ended_ns - began_ns, 1)
    high, wide = TOP + ROW * len(rows) + 16, LEFT + WIDTH + RIGHT
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {wide} {high}' width='{wide}' height='{high}' {FONT}>",
        f"<title>{escape(title)}</title><rect width='100%' height='100%' fill='#ffffff'/>",
        f"<text x='16' y='24' font-size='15' font-weight='600' fill='#111827'>{escape(title)}</text>",
        *_legend(),
        *_scale(length_ns, high),
    ]
    for number, (depth, span) in enumerate(rows):
        parts += _row(number, depth, span, began_ns, length_ns)
    return "\n".join([*parts, "</svg>", ""])


def _in_order(spans: Sequence[Seen]) -> Iterator[tuple[int, Seen]]:
    """Each span behind what it follows from, with its depth."""
    known = {span.span_id for span in spans}
    below = defaultdict(list)
    for span in spans:
        below[span.parent_id if span.parent_id in known else ""].append(span)

    def walk(parent_id: str, depth: int) -> Iterator[tuple[int, Seen]]:
        for span in sorted(below[parent_id], key=lambda one: (one.start_ns, one.end_ns)):
            yield depth, span
            yield from walk(span.span_id, depth + 1)

    return walk("", 0)


def _row(number: int, depth: int, span: Seen, began_ns: int, length_ns: int) -> Iterator[str]:
    y = TOP + ROW * number
    x = LEFT + WIDTH * (span.start_ns - began_ns) / length_ns
    width = max(2.0, WIDTH * (span.end_ns - span.start_ns) / length_ns)
    took = f"{(span.end_ns - span.start_ns) / 1e6:.1f} ms"
    colour = COLOURS.get(span.service, "#9ca3af")
    yield f"<text x='{16 + 9 * depth}' y='{y + 14}' fill='#111827'>{escape(span.name)}</text>"
    yield f"<rect x='{x:.1f}' y='{y + 4}' width='{width:.1f}' height='{ROW - 8}' rx='2' fill='{colour}'/>"
    yield f"<text x='{x + width + 4:.1f}' y='{y + 14}' fill='#6b7280'>{took}</text>"


def _legend() -> Iterator[str]:
    for number, (service, colour) in enumerate(COLOURS.items()):
        x = 16 + 130 * number
        yield f"<rect x='{x}' y='36' width='10' height='10' rx='2' fill='{colour}'/>"
        yield f"<text x='{x + 15}' y='45' fill='#374151'>{service}</text>"


def _scale(length_ns: int, high: int) -> Iterator[str]:
    for quarter in range(5):
        x = LEFT + WIDTH * quarter / 4
        yield f"<line x1='{x}' y1='{TOP}' x2='{x}' y2='{high - 16}' stroke='#e5e7eb'/>"
        at = f"{length_ns * quarter / 4e6:.0f} ms"
        yield f"<text x='{x}' y='{TOP - 6}' fill='#9ca3af' text-anchor='middle'>{at}</text>"
