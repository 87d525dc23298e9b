"""Reality is dirty: whatever is said, in whatever order and however late, an order is in one state and said once."""

from collections.abc import Sequence
from typing import Any

import pytest

from contracts import Event, Fact
from orders_listener.timelines import OrderStatus
from tests.orders_listener.shop import (
    PATIENT,
    day,
    line,
    on_the_way,
    paid,
    placed,
    refunded,
    return_received,
    return_requested,
    said,
    scan,
    shipment,
    shipped_line,
    tell,
)

Said = Sequence[Fact | Event[Any]]
SHIRT_AND_HAT = placed(line("shirt"), line("hat"), promised_by=None)
ONE = placed(promised_by=None)
RETURNED = (return_requested(day(5), shirt=1), return_received(day(8), shirt=1))
SPLIT = (shipment(day(1), "s-1", shipped_line("shirt")), shipment(day(2), "s-2", shipped_line("hat")))

STORIES: dict[str, tuple[Said, OrderStatus, list[str], list[str]]] = {
    # where it stands, what was said of it, what was said of issues
    "scanned before it is paid": (
        [ONE, *on_the_way(), paid(day(2))], OrderStatus.shipped, ["OrderShipped", "OrderConfirmed"], []
    ),
    "delivered before it is paid": (
        [ONE, *on_the_way(), scan("delivered", day(2)), paid(day(3))],
        OrderStatus.delivered,
        ["OrderShipped", "OrderDelivered", "OrderConfirmed"],
        [],
    ),
    "delivered before it is picked up": (
        [ONE, paid(), shipment(day(1)), scan("delivered", day(3)), said(scan("picked_up", day(1, 2)), day(3, 5))],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered"],
        [],
    ),
    "scans of a parcel that nobody has announced": (
        [ONE, paid(), scan("in_transit", day(2)), said(shipment(day(1)), day(4)), scan("delivered", day(5))],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered"],
        [],
    ),
    "last week's scan in other words, after it was delivered": (
        [ONE, paid(), *on_the_way(), scan("delivered", day(3)),
         said(scan("attempt_failed", day(2), place="?"), day(10))],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered"],
        [],
    ),
    "last week's failed attempt is all that is heard": (
        [ONE, paid(), *on_the_way(), said(scan("attempt_failed", day(3)), day(10))],
        OrderStatus.shipped,
        ["OrderConfirmed", "OrderShipped"],
        [],
    ),
    "last week's loss is all that is heard, and it is still lost": (
        [ONE, paid(), *on_the_way(), said(scan("lost", day(3)), day(10))],
        OrderStatus.shipped,
        ["OrderConfirmed", "OrderShipped"],
        ["opened lost"],
    ),
    "half of it came": (
        [SHIRT_AND_HAT, paid(), *SPLIT, scan("delivered", day(3))],
        OrderStatus.shipped,
        ["OrderConfirmed", "OrderShipped"],
        [],
    ),
    "the other half came": (
        [SHIRT_AND_HAT, paid(), *SPLIT, scan("delivered", day(3)), scan("delivered", day(4), "s-2")],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered"],
        [],
    ),
    "an exchange is no second delivery": (
        [ONE, paid(), *on_the_way(), scan("delivered", day(3)), *RETURNED, shipment(day(9), "s-2", replaces="s-1"),
         scan("picked_up", day(9, 3), "s-2"), scan("delivered", day(11), "s-2")],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered"],
        [],
    ),
    "an exchange that gets lost": (
        [ONE, paid(), *on_the_way(), scan("delivered", day(3)), *RETURNED, shipment(day(9), "s-2", replaces="s-1"),
         scan("lost", day(11), "s-2"), refunded(day(12), shirt=1)],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered", "OrderRefunded"],
        ["opened lost", "refunded lost"],
    ),
    "sent again twice": (
        [ONE, paid(), *on_the_way(), scan("lost", day(3)), shipment(day(4), "s-2", replaces="s-1"),
         scan("lost", day(6), "s-2"), shipment(day(7), "s-3", replaces="s-2"), scan("delivered", day(9), "s-3")],
        OrderStatus.delivered,
        ["OrderConfirmed", "OrderShipped", "OrderDelivered"],
        ["opened lost", "opened lost", "replaced lost", "replaced lost"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_timeline_may_be_told_in_any_order_and_with_any_delay(name: str) -> None:
    facts, status, names, troubles = STORIES[name]
    told = tell(*facts, until=day(12, 1), policy=PATIENT)
    assert told.timeline.standing.status is status
    assert told.names == names
    assert sorted(told.troubles) == troubles


@pytest.mark.parametrize("name", STORIES)
def test_what_was_said_before_is_heard_again_and_changes_nothing(name: str) -> None:
    facts, status, _, _ = STORIES[name]
    told = tell(*facts, until=day(12, 1), policy=PATIENT)
    again = [said(fact.data if isinstance(fact, Event) else fact, day(13), number=1) for fact in facts]
    assert (heard := tell(*again, account=told.account, policy=PATIENT)).facts == []
    assert heard.timeline.standing.status is status
