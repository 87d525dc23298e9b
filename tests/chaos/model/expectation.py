"""Everything that must be there: the raw records through both services, as rows to compare."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.chaos.model.envelope import Event
from tests.chaos.model.facts import Fact
from tests.chaos.model.intake import Intake, intakes
from tests.chaos.model.points import Account
from tests.chaos.model.records import Record
from tests.chaos.model.timeline import Timeline

Rows = list[dict[str, Any]]


def expect(records: Iterable[Record]) -> dict[str, Rows]:
    """Rows by file name, of records by topic, partition and offset.

    Raises OutsideScenario where the records are not what the contract allows.
    """
    shares = intakes(records)
    timelines = _timelines(shares["orders-listener"])
    accounts = _accounts(shares["loyalty"], [fact for one in timelines for fact in one.facts])
    said = [fact.row("orders-listener") for one in timelines for fact in one.facts]
    return {
        "applied": [row for share in shares.values() for row in _applied(share)],
        "parked": [row for share in shares.values() for row in share.parked],
        "facts": said + [fact.row("loyalty") for one in accounts for fact in one.facts],
        "ledger": [posting for one in accounts for posting in one.postings],
        "issues": [issue.row() for one in timelines for issue in one.issues],
    }


def written(rows: Mapping[str, Rows], directory: Path) -> None:
    """One file of JSON lines for each."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, lines in rows.items():
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (directory / f"{name}.jsonl").write_text(text, encoding="utf-8")


def _timelines(share: Intake) -> list[Timeline]:
    return [
        Timeline(events)
        for events in _by_customer(
            share.events("storefront.orders", "storefront.shipments", "storefront.customers")
        ).values()
    ]


def _accounts(share: Intake, facts: Iterable[Fact]) -> list[Account]:
    """From what should have been said on `orders`, not from what was."""
    items: dict[str, list[Any]] = defaultdict(list)
    for fact in facts:
        items[fact.customer_id].append((fact.item.at, fact.type, fact.data))
    for said in share.events("feedback", "storefront.customers"):
        items[said.customer_id].append((said.at, said.type, said.data))
    return [Account(customer_id, own) for customer_id, own in items.items()]


def _by_customer(events: Iterable[Event]) -> dict[str, list[Event]]:
    grouped: dict[str, list[Event]] = defaultdict(list)
    for said in events:
        grouped[said.customer_id].append(said)
    return grouped


def _applied(share: Intake) -> Rows:
    names = ((source, event_id, said) for (source, event_id), (_, said) in share.taken.items())
    return [
        {"service": share.service, "source": source, "event_id": event_id, "customer_id": said.customer_id}
        for source, event_id, said in names
    ]
