"""Writes `docs/one-order.md`: one parcel, three events, two deadlines, and every row that each leaves in every table.

The page is made by playing it, and a page that says something else fails the test.
"""

import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contracts.kafka import rfc3339
from contracts.storefront import ShipmentCreated
from tests.journeys.house import House
from tests.journeys.shoppers import Shopper, line
from tests.running import rows

PAGE = Path(__file__).parents[2] / "docs" / "one-order.md"
REWRITE = "UPDATE_DOCS=1 make test ARGS=tests/journeys/test_one_order.py"

Row = Mapping[str, Any]
Tables = dict[tuple[str, str], Sequence[Row]]
"""Rows by service and table."""

UNSHOWN_TABLES = ("positions", "customers", "outbox", "closings", "snapshots", "mailed", "providers")
UNSHOWN_COLUMNS = frozenset(
    {"customer_id", "partition", "offset", "content_hash", "traceparent", "correlation_id", "received_at", "version",
     "leased_until", "set_by", "root_id", "actor", "decision_id", "cause_kind"}
)  # fmt: skip
"""The same in every row of this story, told in words above it, or different in every run."""
KEYS = ("event_id", "command_id", "decision_id", "number", "kind", "order_id", "invitation_id", "message_id")
IDENTITY = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
WORDS = re.compile(r"\bwords: [0-9a-f]{12}")
"""The version of the words, which changes with any of them."""
LONGEST_CELL = 70

TITLE = f"""# One order

One parcel, three events and two deadlines, and the rows that each of the five leaves in the database of each service.
This page is written by a test that plays the story through the whole house
([test_one_order.py](../tests/journeys/test_one_order.py)); it fails when the page no longer tells the truth, and
`{REWRITE}` writes it anew.

Ada buys a teapot for 59.90 EUR, to be paid later. Her address is known since eight in the morning. All rows are hers,
so `customer_id` is left out, and so are

- `positions`: in the same transaction every batch moves the position of each topic;
- `customers`: one row per service, whose lock is held while anything of Ada is read or written;
- `outbox`: each fact lay there from the commit until Kafka had acknowledged it; what was said is listed instead;
- `closings` and `snapshots`: each midnight the orders-listener sums up what all orders have shown;
- `mailed`: to which address, as a keyed hash, each mail went;
- `providers`: how the mail server is, as the sender finds it now and then;
- columns that say the same in every row here (correlation, version …).

Of an id the first eight characters are shown. A row is shown when it is new (+), different from before (~) or gone (−);
of a document `…` stands for the rest.
"""


class Scene(NamedTuple):
    """One item: what it is called, in words, who says it, and a moment just after it."""

    title: str
    words: str
    play: Callable[[], Awaitable[object]]
    ends_at: datetime


@pytest.fixture(scope="module")
def policy_file() -> Path | None:
    """As a shop is that says nothing about it."""
    return None


async def test_the_page_about_one_order_tells_the_truth(house: House) -> None:
    ada = Shopper(house, "ada")
    await ada.signs_up()
    await ada.time_is(0, 9)
    states, played = [await tables(house)], scenes(ada)
    for scene in played:
        await scene.play()
        await house.time_is(scene.ends_at)
        states.append(await tables(house))
    talk, page = await said(house), [TITLE]
    for number, scene in enumerate(played):
        since = played[number - 1].ends_at if number else ada.at(0, 9)
        heard = [one for one in talk if rfc3339(since) <= one["ce_time"] < rfc3339(scene.ends_at)]
        page += [f"## {number + 1}. {scene.title}\n\n{scene.words}\n", _said_in_words(heard)]
        page += _changes(states[number], states[number + 1])
    text = "\n".join(page).rstrip() + "\n"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(text)
    found = PAGE.read_text() if PAGE.exists() else ""
    if found != text:
        pytest.fail(f"docs/one-order.md is stale; write it anew: {REWRITE}")


async def nothing() -> None:
    """Nobody says anything."""


def scenes(ada: Shopper) -> Sequence[Scene]:
    """Everything that happens to the order."""
    order: dict[str, Any] = {"paid": False, "pay_later": True, "promised_by": ada.day(4)}
    parcel = {"order_id": "teapot-1", "shipment_id": "parcel-1", "carrier": "dhl"}
    return (
        Scene(
            "The order is placed",
            "An event, `storefront.order-placed`, on day 0 at 10:00. Payment is agreed for later: it is confirmed.",
            partial(ada.orders, "teapot-1", line("pot", 59_90), **order),
            ada.at(0, 11),
        ),
        Scene(
            "The parcel is packed",
            "An event, `storefront.shipment-created`, on day 1 at 9:00. Nobody says what is in it: everything.",
            partial(ada.says, ShipmentCreated, 1, 9, **parcel),
            ada.at(1, 10),
        ),
        Scene(
            "The parcel is there",
            "An event, `storefront.shipment-progressed` with status `delivered`, on day 2 at 12:00.",
            partial(ada.receives, "teapot-1", day=2, parcel="parcel-1"),
            ada.at(2, 13),
        ),
        Scene(
            "Three days later: the question",
            "A deadline, `survey` of feedback, on day 5 at 12:00.",
            nothing,
            ada.at(5, 13),
        ),
        Scene(
            "Two weeks later: the return window ends",
            "A deadline, `return_window_ends` of the orders-listener, on day 16 at 12:00. The points may be spent now.",
            nothing,
            ada.at(16, 13),
        ),
    )


async def tables(house: House) -> Tables:
    """Every row of every table that is shown."""
    return {
        (service, table): await rows(runtime, f"select * from {table}")  # noqa: S608 our names
        for service, runtime in house.runtimes.items()
        for table in await house.tables(service)
        if table not in UNSHOWN_TABLES
    }


async def said(house: House) -> list[dict[str, str]]:
    """The headers of everything that was said, but not what time it was, by time."""
    found = [
        {name: content.decode() for name, content in record.headers}
        for records in (await house.said()).values()
        for record in records
    ]
    events = [one for one in found if not one["ce_type"].startswith("rapport.")]
    return sorted(
        events, key=lambda one: (one["ce_time"], ORDER_OF_TALK.index(one["ce_source"]), one["ce_type"], one["ce_id"])
    )


ORDER_OF_TALK = (
    "/storefronts/demo",
    *(f"/rapport/{name}" for name in ("orders-listener", "feedback", "loyalty", "notifier")),
)


def _said_in_words(events: Sequence[Mapping[str, str]]) -> str:
    """What was said on Kafka, as a table."""
    columns = ("ce_type", "ce_id", "ce_subject", "ce_time", "ce_causationid")
    names = ("type", "id", "subject", "time", "because of")
    return "**Said on Kafka**\n\n" + _table(names, [[_cell(event.get(name)) for name in columns] for event in events])


def _changes(before: Tables, after: Tables) -> list[str]:
    """What is new, different or gone, a Markdown table for each table."""
    page, shown = [], ""
    for service, table in after:
        old, new = before[service, table], after[service, table]
        marked = [("+", row) for row in new if row not in old] + [("−", row) for row in old if row not in new]
        if marked:
            page += [f"### {service.replace('_', '-')}\n"] if service != shown else []
            shown = service
            page.append(f"`{table}`\n\n" + _table_of_rows(marked))
    return page


def _table_of_rows(marked: Sequence[tuple[str, Row]]) -> str:
    """Rows with their marks; columns that are empty in all of them are left out."""
    columns = [name for name in marked[0][1] if _shown(name, marked)]
    new, old = ({_key(row) for mark, row in marked if mark == wanted} for wanted in "+−")
    lines = [
        ["~" if _key(row) in old & new else mark, *(_cell(row[name]) for name in columns)]
        for mark, row in marked
        if mark == "+" or _key(row) not in new
    ]
    return _table(("", *columns), sorted(lines))


def _shown(name: str, marked: Sequence[tuple[str, Row]]) -> bool:
    return name not in UNSHOWN_COLUMNS and any(row[name] not in (None, {}) for _, row in marked)


def _key(row: Row) -> tuple[Any, ...]:
    """What tells rows of one table apart."""
    return tuple(row[name] for name in KEYS if name in row)


def _table(names: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    return "\n".join(head + ["| " + " | ".join(line) + " |" for line in lines]) + "\n"


def _cell(value: Any) -> str:
    """One value, short enough to read."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%m-%d %H:%M}"
    text = IDENTITY.sub(r"\1", str(value).replace("'", "")).replace("|", "¦").replace("\n", " ")
    text = WORDS.sub("words: …", text)
    moment = re.sub(r"2026-(\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)(?:Z|\+00:00)", r"\1 \2", text)
    return moment if len(moment) <= LONGEST_CELL else moment[: LONGEST_CELL - 1] + "…"
