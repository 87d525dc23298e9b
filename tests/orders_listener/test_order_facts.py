"""What is published about an order, whatever the order of arrival."""

import pytest

from contracts import orders
from contracts.vocabulary import Destination
from orders_listener.timelines import OrderStatus
from tests.orders_listener.shop import (
    ADA,
    ORDER,
    cancelled,
    day,
    erased,
    in_this_order,
    line,
    on_the_way,
    paid,
    placed,
    promised,
    refunded,
    said,
    scan,
    shipment,
    shipped_line,
    tell,
)


def test_an_order_that_is_only_placed_is_not_confirmed() -> None:
    assert tell(placed()).names == []


def test_an_order_is_confirmed_when_it_is_paid() -> None:
    told = tell(placed(), paid(day(0, 1)))
    [confirmed] = told.all(orders.OrderConfirmed)
    assert confirmed.occurred_at == day(0, 1)
    assert confirmed.promised_by is not None
    assert [known.line_id for known in confirmed.lines] == ["shirt"]


def test_an_order_paid_later_is_confirmed_by_being_placed() -> None:
    assert tell(placed(pay_later=True)).names == ["OrderConfirmed"]


def test_a_life_of_an_order_is_told_once_and_in_order() -> None:
    told = tell(placed(), paid(), *on_the_way(), scan("delivered", day(3)), until=day(30))
    assert told.names == ["OrderConfirmed", "OrderShipped", "OrderDelivered", "OrderCompleted"]
    assert told.timeline.standing.status is OrderStatus.completed
    assert told.all(orders.OrderCompleted)[0].occurred_at == day(17)


def test_nothing_is_published_before_the_order_is_known_and_then_everything() -> None:
    scans = [said(fact) for fact in (*on_the_way(), scan("delivered", day(3)))]
    before = in_this_order(scans)
    assert before.facts == []
    after = in_this_order([said(placed(), day(4)), said(paid(), day(4))], account=before.account)
    assert after.names == ["OrderShipped", "OrderDelivered", "OrderConfirmed"]


def test_a_label_is_not_a_shipment_that_moves() -> None:
    assert "OrderShipped" not in tell(placed(), paid(), shipment(day(1)), scan("label_created", day(1))).names


def test_the_first_movement_ships_the_order_and_the_second_parcel_does_not() -> None:
    told = tell(
        placed(line("shirt"), line("hat")),
        paid(),
        shipment(day(1), "s-1", shipped_line("shirt")),
        shipment(day(1), "s-2", shipped_line("hat")),
        scan("in_transit", day(2), "s-2"),
        scan("picked_up", day(3), "s-1"),
    )
    [shipped] = told.all(orders.OrderShipped)
    assert (shipped.shipment_id, shipped.carrier, shipped.occurred_at) == ("s-2", "dhl", day(2))


DELIVERIES = {
    "one of two lines": ((shipment(day(1), "s-1", shipped_line("shirt")), scan("delivered", day(2))), False),
    "both lines in two parcels": (
        (
            shipment(day(1), "s-1", shipped_line("shirt")),
            shipment(day(1, 1), "s-2", shipped_line("hat", 2)),
            scan("delivered", day(2)),
            scan("delivered", day(3), "s-2"),
        ),
        True,
    ),
    "one piece of two is missing": (
        (shipment(day(1), "s-1", shipped_line("shirt"), shipped_line("hat", 1)), scan("delivered", day(2))),
        False,
    ),
    "a parcel without lines holds everything": ((shipment(day(1)), scan("delivered", day(2))), True),
    "a second parcel without lines holds the rest": (
        (
            shipment(day(1), "s-1", shipped_line("shirt")),
            shipment(day(1, 1), "s-2"),
            scan("delivered", day(2)),
            scan("delivered", day(3), "s-2"),
        ),
        True,
    ),
    "the rest was refunded": (
        (
            shipment(day(1), "s-1", shipped_line("shirt")),
            scan("delivered", day(2)),
            refunded(day(3), hat=2),
        ),
        True,
    ),
    "a replacement does not count for two": (
        (
            shipment(day(1), "s-1", shipped_line("shirt"), shipped_line("hat", 1)),
            scan("delivered", day(2)),
            shipment(day(3), "s-2", shipped_line("hat", 1), replaces="s-1"),
            scan("delivered", day(4), "s-2"),
        ),
        False,
    ),
    "a replacement arrives for a lost parcel": (
        (
            shipment(day(1)),
            scan("lost", day(2)),
            shipment(day(3), "s-2", replaces="s-1"),
            scan("delivered", day(4), "s-2"),
        ),
        True,
    ),
    "a parcel nobody announced says nothing of lines": ((scan("delivered", day(2)),), False),
}


@pytest.mark.parametrize("name", DELIVERIES)
def test_an_order_is_delivered_when_every_line_is(name: str) -> None:
    facts, delivered = DELIVERIES[name]
    told = tell(placed(line("shirt"), line("hat", 2)), paid(), *facts)
    assert ("OrderDelivered" in told.names) is delivered


def test_an_order_refunded_whole_was_not_delivered() -> None:
    told = tell(placed(), paid(), refunded(day(1), shirt=1), until=day(40))
    assert told.names == ["OrderConfirmed", "OrderRefunded"]
    assert told.troubles == []


def test_late_is_measured_by_the_last_promise() -> None:
    parcel = (*on_the_way(), scan("delivered", day(9)))
    assert tell(placed(promised_by="2026-03-10"), paid(), *parcel).all(orders.OrderDelivered)[0].late
    in_time = tell(placed(promised_by="2026-03-10"), paid(), promised(day(2), "2026-03-12"), *parcel)
    assert not in_time.all(orders.OrderDelivered)[0].late


def test_each_refund_is_told_once_in_the_orders_currency() -> None:
    told = tell(
        placed(), paid(), refunded(day(1), "r-1"), refunded(day(2), "r-2", shirt=1), refunded(day(3), "r-1", shirt=1)
    )
    refunds = told.all(orders.OrderRefunded)
    assert [(refund.refund_id, refund.currency, len(refund.lines)) for refund in refunds] == [
        ("r-1", "EUR", 0),
        ("r-2", "EUR", 1),
    ]


def test_a_cancelled_order_is_never_confirmed_or_completed() -> None:
    told = tell(placed(), cancelled(day(1)), paid(day(2)), *on_the_way(), scan("delivered", day(3)), until=day(40))
    assert told.names == ["OrderCancelled", "OrderShipped", "OrderDelivered"]


def test_saying_everything_again_says_nothing_new() -> None:
    facts = (placed(), paid(), *on_the_way(), scan("delivered", day(3)), refunded(day(5), shirt=1), cancelled(day(6)))
    first = tell(*facts)
    again = tell(*(said(fact, day(20), number=1) for fact in facts), account=first.account)
    assert again.facts == []
    assert all(outcome.duplicate for outcome in again.outcomes)
    assert again.account == first.account


def test_last_weeks_scan_said_again_is_state_only() -> None:
    life = tell(placed(), paid(), *on_the_way(), scan("delivered", day(3)))
    again = tell(said(scan("in_transit", day(2)), day(9)), account=life.account)
    assert again.facts == []
    assert again.timeline.standing.status is OrderStatus.delivered


def test_an_erased_customers_order_lives_on_as_a_pseudonym() -> None:
    told = tell(placed(), paid(), erased(day(1)), *on_the_way(day(2)), scan("delivered", day(3)), until=day(30))
    assert told.names == ["OrderConfirmed", "OrderShipped", "OrderDelivered", "OrderCompleted"]


def test_the_confirmed_order_goes_where_it_was_sent_last() -> None:
    told = tell(placed(pay_later=True, locale="de-DE", channel="web"))
    [confirmed] = told.all(orders.OrderConfirmed)
    assert (confirmed.customer_id, confirmed.order_id, confirmed.locale) == (ADA, ORDER, "de-DE")
    assert confirmed.destination == Destination(country="DE", zone="Europe/Berlin")
