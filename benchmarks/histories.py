"""Orders as the orders-listener keeps them: a few are folded by its own fold, all others are copies under other names.

Pure. A copy differs in its ids alone; the keys by which entries know a repetition stay those of the order it came from.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial

import msgspec

from benchmarks.filling import Rows
from benchmarks.plan import PARTITIONS
from benchmarks.storefronts import SOURCE
from chassis.partitions import partition_of
from chassis.sequence import Folded, fold_sequence
from contracts import Event
from contracts.kafka import subject_of
from contracts.storefront import OrderPaid, OrderPlaced, ShipmentCreated, ShipmentProgressed, ShipmentStatus
from contracts.vocabulary import Destination, OrderLine, ShippedLine
from orders_listener.accounts import Account, Patron
from orders_listener.documents import to_document
from orders_listener.early_warning.journeys import Journey
from orders_listener.entries import HistoryFact
from orders_listener.folding import fold
from orders_listener.issues import Issue
from orders_listener.policy import DEFAULT

NAME = "prototype"
"""Stands in every id of an order that is to be copied, and nowhere else; a copy has its number there."""
CUSTOMER_ID, ORDER_ID = f"c-{NAME}", f"o-{NAME}"
TABLES = {
    "customers": ("customer_id",),
    "patrons": ("customer_id", "relationship"),
    "timelines": (
        "order_id", "customer_id", "status", "began_at", "placed_at", "promised_until", "delivered_at", "traits",
        "document",
    ),
    "issues": (
        "issue_id", "order_id", "customer_id", "kind", "state", "severity", "opened_at", "resolved_at", "document",
    ),
    "journeys": Journey.__struct_fields__,
    "deadlines": ("customer_id", "kind", "subject", "due_at", "set_by", "correlation_id", "partition"),
}  # fmt: skip
DAY = timedelta(days=1)

Row = tuple[object, ...]
History = Sequence[HistoryFact]
"""What is said of one order, in that order, each fact when it happens."""


class Prototypes:
    """Orders that were folded until a moment, ready to be copied."""

    def __init__(self, histories: Sequence[History], until: datetime) -> None:
        self._orders = [_rows(_folded(history, until)) for history in histories]

    def copies(self, numbers: range) -> Iterator[Rows]:
        """The rows of the orders `o-<number>`, each of a customer of its own: one order like the next in turn."""
        for table, columns in TABLES.items():
            yield table, columns, self._copies(table, numbers)

    def _copies(self, table: str, numbers: range) -> Iterator[Row]:
        for number in numbers:
            name = f"{number:09}"
            partition = (partition_of(f"c-{name}", PARTITIONS),) if table == "deadlines" else ()
            for row in self._orders[number % len(self._orders)][table]:
                yield tuple(one.replace(NAME, name) if type(one) is str else one for one in row) + partition


def _folded(history: History, until: datetime) -> Folded:
    events = [
        Event(
            id=f"event-{number}-{NAME}", source=SOURCE, time=_at(fact), data=fact, subject=subject_of(fact),
            correlation_id=ORDER_ID,
        )
        for number, fact in enumerate(history)
    ]  # fmt: skip
    account = Account(patron=Patron(customer_id=CUSTOMER_ID))
    folded = fold_sequence(partial(fold, DEFAULT), {CUSTOMER_ID: account}, events, before=until)
    if folded.refused:
        raise ValueError(f"the orders-listener refuses a prototype: {folded.refused}")
    return folded


def _at(fact: HistoryFact) -> datetime:
    return fact.placed_at if isinstance(fact, OrderPlaced) else fact.occurred_at


def _rows(folded: Folded) -> dict[str, list[Row]]:
    """By table, with the columns of `TABLES`; a deadline's partition is known with its customer."""
    account: Account = folded.accounts[CUSTOMER_ID]
    timeline = account.timelines[ORDER_ID]
    stands = timeline.standing
    rows: dict[str, list[Row]] = {
        "customers": [(CUSTOMER_ID,)],
        "patrons": [(CUSTOMER_ID, msgspec.json.encode(account.patron.relationship).decode())],
        "timelines": [(
            ORDER_ID, CUSTOMER_ID, str(stands.status), timeline.began_at, stands.placed_at, stands.promised_until,
            stands.delivered_at, list(stands.traits), to_document(timeline),
        )],
        "issues": [_issue(issue) for issue in timeline.issues.values()],
        "journeys": [_journey(timeline.journey)] if timeline.journey else [],
        "deadlines": [
            (CUSTOMER_ID, str(due.kind), due.subject, due.due_at, due.set_by, due.correlation_id)
            for due in folded.deadlines.values() if due is not None
        ],
    }  # fmt: skip
    for number, issue_id in enumerate(timeline.issues):
        named = f"i-{NAME}-{number}"
        rows = {table: [_renamed(row, issue_id, named) for row in own] for table, own in rows.items()}
    return rows


def _renamed(row: Row, old: str, new: str) -> Row:
    return tuple(one.replace(old, new) if type(one) is str else one for one in row)


def _issue(issue: Issue) -> Row:
    return (
        issue.issue_id, ORDER_ID, CUSTOMER_ID, str(issue.kind), "open" if issue.is_open else "resolved",
        str(issue.severity), issue.opened_at, issue.resolved_at, msgspec.json.encode(issue).decode(),
    )  # fmt: skip


def _journey(journey: Journey) -> Row:
    values = msgspec.structs.asdict(journey) | {"ended_on": journey.ended_on or date.max}
    return tuple(values.values())


def waiting(due_at: datetime) -> list[History]:
    """Two orders that are promised for `due_at` and will not come by then: one on its way, one come in part."""
    begun_at = due_at - 6 * DAY
    begun = _begun(begun_at, due_at)
    on_its_way = [*begun, *_sent("s1", begun_at + DAY, ("l1", "l2")), _scan("s1", due_at - DAY, "in_transit")]
    in_part = [*begun, *_sent("s1", begun_at + DAY, ("l1",)), _scan("s1", begun_at + 3 * DAY, "delivered")]
    in_part += [*_sent("s2", begun_at + 4 * DAY, ("l2",)), _scan("s2", due_at - DAY, "in_transit")]
    return [on_its_way, in_part]


def of_all_kinds(until: datetime) -> list[History]:
    """Those waiting at `until`, one that has come in time and is completed, and one that came late."""
    in_time, late = until - 20 * DAY, until - 12 * DAY
    return [
        *waiting(until),
        [*_begun(in_time, in_time + 6 * DAY), *_come(in_time + DAY, in_time + 4 * DAY)],
        [*_begun(late, late + 5 * DAY), *_come(late + DAY, late + 8 * DAY)],
    ]


def _begun(at: datetime, promised_by: datetime) -> list[HistoryFact]:
    lines = tuple(
        OrderLine(
            line_id=f"l{number}", sku=f"lamp-{number}", title="Something for the home", variant={"colour": "blue"},
            quantity=1, unit_price_minor=2_990, paid_minor=2_990,
        )
        for number in (1, 2)
    )  # fmt: skip
    placed = OrderPlaced(
        customer_id=CUSTOMER_ID,
        order_id=ORDER_ID,
        placed_at=at,
        currency="EUR",
        lines=lines,
        total_minor=sum(line.paid_minor for line in lines),
        destination=Destination(country="DE", postcode_prefix="10", zone="Europe/Berlin"),
        promised_by=promised_by.isoformat(timespec="milliseconds"),
    )
    paid_at = at + timedelta(minutes=10)
    paid = OrderPaid(customer_id=CUSTOMER_ID, order_id=ORDER_ID, occurred_at=paid_at, amount_minor=placed.total_minor)
    return [placed, paid]


def _come(sent_at: datetime, delivered_at: datetime) -> list[HistoryFact]:
    onward = [("in_transit", delivered_at - DAY), ("out_for_delivery", delivered_at - DAY / 4)]
    scans = [_scan("s1", at, status) for status, at in [*onward, ("delivered", delivered_at)]]
    return [*_sent("s1", sent_at, ("l1", "l2")), *scans]


def _sent(parcel: str, at: datetime, line_ids: Sequence[str]) -> list[HistoryFact]:
    created = ShipmentCreated(
        customer_id=CUSTOMER_ID,
        order_id=ORDER_ID,
        shipment_id=f"{parcel}-{NAME}",
        occurred_at=at,
        lines=tuple(ShippedLine(line_id=line_id, quantity=1) for line_id in line_ids),
        carrier="dhl",
        tracking_number=f"JD-{NAME}",
    )
    return [created, _scan(parcel, at + DAY / 4, "picked_up"), _scan(parcel, at + DAY / 2, "in_transit")]


def _scan(parcel: str, at: datetime, status: str) -> ShipmentProgressed:
    return ShipmentProgressed(
        customer_id=CUSTOMER_ID,
        order_id=ORDER_ID,
        shipment_id=f"{parcel}-{NAME}",
        occurred_at=at,
        status=ShipmentStatus(status),
    )
