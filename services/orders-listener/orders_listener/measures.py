"""What the orders-listener measures; names are part of the operators' interface (docs/reference/metrics.md)."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import Counter

from chassis.items import Item
from chassis.outcomes import Outcome
from contracts.orders import IssueOpened, IssueResolved, OrderDelivered

promises = Counter("rapport_promises_total", "Delivered orders, by whether the promise was kept", ["outcome"])
issues = Counter("rapport_issues_total", "Issues by kind that were opened or resolved", ["kind", "change"])


def count(outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """What a committed transaction said."""
    said = [fact for _, outcome in outcomes for fact in outcome.facts]
    for late, number in Tally(one.late for one in said if isinstance(one, OrderDelivered) and one.promised_by).items():
        promises.labels("broken" if late else "kept").inc(number)
    changes = Tally(
        (str(one.kind), "opened" if isinstance(one, IssueOpened) else "resolved")
        for one in said
        if isinstance(one, IssueOpened | IssueResolved)
    )
    for names, number in changes.items():
        issues.labels(*names).inc(number)
