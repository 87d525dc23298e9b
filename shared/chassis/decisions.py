"""Why something was done or left undone: rows that explain themselves and name their cause."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text

from chassis.copying import copy
from chassis.items import Item, cause_kind
from chassis.outcomes import Outcome
from chassis.sequence import root_of
from chassis.service import Tx


async def write(tx: Tx, outcomes: Sequence[tuple[Item, Outcome]]) -> int:
    """Write the decisions of the outcomes with who, when and by which cause; returns how many."""
    rows = [
        (
            item.customer_id, decision.subject, decision.rule, decision.version, decision.outcome, decision.reason,
            item.at, cause_kind(item), item.id, root_of(item), item.correlation_id,
            _encode(decision.detail).decode(),
        )
        for item, outcome in outcomes
        for decision in outcome.decisions
    ]  # fmt: skip
    if rows:
        await copy(tx, "decisions", _COLUMNS, rows)
    return len(rows)


_encode = msgspec.json.Encoder().encode
_COLUMNS = (
    "customer_id", "subject", "rule", "version", "outcome", "reason", "at", "cause_kind", "cause_id", "root_id",
    "correlation_id", "detail",
)  # fmt: skip


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
