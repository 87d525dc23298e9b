"""Any JSON at all, and a real body with any of its values replaced by any JSON."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

TOPICS = (
    "tracker.created", "tracker.updated", "tracking_update", "edd_revise", "tracking_pending_time",
    "order.created", "order.updated", "order.deleted", "order.restored",
    "customer.created", "customer.updated", "customer.deleted", "product.updated", "action.wc_order", "", "none",
)  # fmt: skip

TIMES = st.sampled_from(("", "2026-03-10", "2026-03-10T08:00:00", "2026-03-10T08:00:00+01:00", "0000-00-00 00:00:00"))
AMOUNTS = st.sampled_from(("", "0", "-1", "10.00", "10.005", "1e5", "NaN", "99999999999999999999", 3, 1.5, True))
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=70)
)
ANYTHING = st.recursive(
    SCALARS | TIMES | AMOUNTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
Path = tuple[str | int, ...]


@st.composite
def any_body(draw: st.DrawFn, body: dict[str, Any]) -> Any:
    """Anything, or the body with one to four of its values replaced."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANYTHING)
    changed = deepcopy(body)
    paths = list(_paths(body))
    for path in draw(st.lists(st.sampled_from(paths), min_size=1, max_size=4)):
        _replace(changed, path, draw(ANYTHING))
    return changed


def _paths(value: Any, so_far: Path = ()) -> Iterator[Path]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*so_far, key)
        yield from _paths(inner, (*so_far, key))


def _replace(body: Any, path: Path, value: Any) -> None:
    """Where an earlier replacement took the place away, nothing is left to replace."""
    *way, last = path
    for step in way:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(body, dict) or (isinstance(body, list) and isinstance(last, int) and last < len(body)):
        body[last] = value
