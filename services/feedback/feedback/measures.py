"""What feedback measures; names are part of the operators' interface (docs/reference/metrics.md)."""

from prometheus_client import Gauge

from chassis.service import Tx
from feedback import store

cases_open = Gauge("rapport_cases_open", "Cases that nobody has resolved")
cases_oldest_s = Gauge("rapport_cases_overdue_seconds", "By how much the oldest open case has missed its target")


async def measure(tx: Tx) -> None:
    """How many cases are open, and how late the latest is."""
    number, overdue_s = await store.open_cases(tx)
    cases_open.set(number)
    cases_oldest_s.set(max(0.0, overdue_s))
