"""Why something was done or left undone: rows that explain themselves and name their cause."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text

from chassis.items import Item, cause_kind
from chassis.outcomes import Outcome
from chassis.sequence import root_of
from chassis.service import Tx


async def write(tx: Tx, outcomes: Sequence[tuple[Item, Outcome]]) -> int:
    """Write the decisions of the outcomes with who, when and by which cause; returns how many."""
    rows = [(item, decision) for item, outcome in outcomes for decision in outcome.decisions]
    if rows:
        values: dict[str, list[Any]] = {
            name: [getattr(decision, name) for _, decision in rows]
            for name in ("subject", "rule", "version", "outcome", "reason")
        }
        values |= {
            "customers": [item.customer_id for item, _ in rows],
            "at": [item.at for item, _ in rows],
            "kinds": [cause_kind(item).value for item, _ in rows],
            "causes": [item.id for item, _ in rows],
            "roots": [root_of(item) for item, _ in rows],
            "correlations": [item.correlation_id for item, _ in rows],
            "details": [msgspec.json.encode(decision.detail).decode() for _, decision in rows],
        }
        await tx.execute(_DECIDE, values)
    return len(rows)


_DECIDE = text("""
    insert into decisions (customer_id, subject, rule, version, outcome, reason, at, cause_kind, cause_id, root_id,
                           correlation_id, detail)
    select customer_id, subject, rule, version, outcome, reason, at, cause_kind, cause_id, root_id, correlation_id,
           detail
    from unnest(cast(:customers as text[]), cast(:subject as text[]), cast(:rule as text[]), cast(:version as text[]),
                cast(:outcome as text[]), cast(:reason as text[]), cast(:at as timestamptz[]), cast(:kinds as text[]),
                cast(:causes as text[]), cast(:roots as text[]), cast(:correlations as text[]),
                cast(:details as jsonb[]))
         with ordinality as v (customer_id, subject, rule, version, outcome, reason, at, cause_kind, cause_id, root_id,
                               correlation_id, detail, place)
    order by place
""")


async def of_customer(tx: Tx, customer_id: str, *, subject: str | None, after: int, most: int) -> list[dict[str, Any]]:
    """Decisions about one customer in the order in which they were taken, after decision `after`."""
    rows = await tx.execute(
        _OF_CUSTOMER, {"customer_id": customer_id, "subject": subject, "after": after, "most": most}
    )
    return [dict(row._mapping) for row in rows]


_OF_CUSTOMER = text("""
    select * from decisions
    where customer_id = :customer_id and decision_id > :after and (cast(:subject as text) is null or subject = :subject)
    order by decision_id limit :most
""")


async def counts(tx: Tx) -> list[dict[str, Any]]:
    """How often each rule decided what for which reason."""
    rows = await tx.execute(
        text("select rule, outcome, reason, count(*) as number from decisions group by 1, 2, 3 order by 1, 2, 3")
    )
    return [dict(row._mapping) for row in rows]
