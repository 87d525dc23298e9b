"""What did not happen: each kind opens when its time is over, gets worse when it goes on, and ends when it happens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from msgspec import structs

from contracts import Event, Fact, orders
from contracts.vocabulary import Destination, Origin
from orders_listener.policy import Limits, Override, Policy
from tests.orders_listener.shop import (
    Told,
    available,
    cancelled,
    day,
    erased,
    line,
    on_the_way,
    paid,
    payment_failed,
    placed,
    promised,
    refunded,
    return_received,
    return_requested,
    said,
    scan,
    shipment,
    shipped_line,
    tell,
    unavailable,
    wished_to_cancel,
)  # fmt: skip

Said = Sequence[Fact | Event[Any]]
BOUGHT = (placed(promised_by=None), paid())
TWO_LINES = (placed(line("shirt", 2), line("hat"), promised_by=None), paid())
SHIRT, SHIRTS = shipped_line("shirt"), shipped_line("shirt", 2)
PACKED = (*BOUGHT, shipment(day(0, 5)))
MOVING = (*PACKED, scan("picked_up", day(1)))
ARRIVED = (*MOVING, scan("delivered", day(3)))
HALF = (*TWO_LINES, shipment(day(1), "s-1", SHIRTS), scan("picked_up", day(1, 3)))
UNNUMBERED = structs.replace(shipment(day(0, 5)), carrier=None)
"""Nobody said who carries it, nor under which number."""
COMING_BACK = (*MOVING, scan("returning", day(2)))
CHANGED_MIND = (*ARRIVED, return_requested(day(4), shirt=1), return_received(day(7), shirt=1))

STORIES: dict[str, tuple[Said, float, list[str]]] = {
    # until the day of the number, what was said about issues
    "nothing is handed over": (BOUGHT, 3, []),
    "nothing is handed over for three working days": (BOUGHT, 3.01, ["opened fulfilment_stalled"]),
    "nothing is handed over for six": (BOUGHT, 8.01, ["opened fulfilment_stalled", "updated fulfilment_stalled"]),
    "it is handed over at last": (
        [*BOUGHT, shipment(day(3.5)), scan("picked_up", day(4))],
        5,
        ["opened fulfilment_stalled", "moved fulfilment_stalled"],
    ),
    "the promise ends before anything is handed over": (
        [placed(promised_by="2026-03-06"), paid()],
        6,
        ["opened fulfilment_stalled", "opened delivery_at_risk", "opened delivery_late",
         "absorbed fulfilment_stalled", "absorbed delivery_at_risk"],
    ),
    "nobody has paid": ([placed(promised_by=None)], 30, []),
    "the payment failed": ([placed(promised_by=None), payment_failed(day(1))], 30, ["opened payment_failed"]),
    "scanned before it is paid": (
        [placed(promised_by=None), *on_the_way(), paid(day(2)), scan("delivered", day(3))],
        9,
        [],
    ),
    "what is not available is not stalled, until it is": (
        [*BOUGHT, unavailable(day(1)), available(day(10))],
        15.01,
        ["opened item_unavailable", "available item_unavailable", "opened fulfilment_stalled"],
    ),
    "a label and nothing else": (PACKED, 4.3, ["opened fulfilment_stalled", "opened pickup_stalled"]),
    "a label and nothing else for long": (
        PACKED,
        14,
        ["opened fulfilment_stalled", "opened pickup_stalled", "updated fulfilment_stalled", "updated pickup_stalled"],
    ),
    "the first scan of a label": (
        [*PACKED, scan("picked_up", day(7))],
        7.1,
        ["opened fulfilment_stalled", "opened pickup_stalled", "moved fulfilment_stalled", "moved pickup_stalled"],
    ),
    "sent, and nobody can scan it": ([*BOUGHT, UNNUMBERED, scan("picked_up", day(0, 5))], 60, []),
    "without a number, but scanned": (
        [*BOUGHT, UNNUMBERED, scan("picked_up", day(1))], 4.01, ["opened transit_stalled"]
    ),
    "without a number, and the shop keeps it": (
        [*BOUGHT, UNNUMBERED], 4.3, ["opened fulfilment_stalled", "opened pickup_stalled"]
    ),
    "no scan for three working days": (MOVING, 4.01, ["opened transit_stalled"]),
    "no scan for six": (MOVING, 9.01, ["opened transit_stalled", "updated transit_stalled"]),
    "the next scan": (
        [*MOVING, scan("in_transit", day(5))], 6, ["opened transit_stalled", "moved transit_stalled"]
    ),
    "two silences of one parcel": (
        [*MOVING, scan("in_transit", day(5))],
        10.01,
        ["opened transit_stalled", "moved transit_stalled", "opened transit_stalled"],
    ),
    "that nobody has seen it is no scan": ([*MOVING, scan("stale", day(4))], 4.01, ["opened transit_stalled"]),
    "it comes after a silence": (
        [*MOVING, scan("delivered", day(5))], 6, ["opened transit_stalled", "delivered transit_stalled"]
    ),
    "silent for thirty days": (
        MOVING,
        31.01,
        ["opened transit_stalled", "updated transit_stalled", "opened lost", "absorbed transit_stalled"],
    ),
    "lost by silence and found": (
        [*MOVING, scan("in_transit", day(40)), scan("delivered", day(41))],
        42,
        ["opened transit_stalled", "updated transit_stalled", "opened lost", "absorbed transit_stalled", "moved lost"],
    ),
    "silent, then the carrier says that it is lost": (
        [*MOVING, scan("lost", day(6))], 7, ["opened transit_stalled", "opened lost", "absorbed transit_stalled"]
    ),
    "lost by silence, then by word": (
        [*MOVING, scan("lost", day(35)), refunded(day(36), shirt=1)],
        37,
        ["opened transit_stalled", "updated transit_stalled", "opened lost", "absorbed transit_stalled",
         "updated lost", "refunded lost"],
    ),
    "a replacement goes out for a silent parcel": (
        [*MOVING, shipment(day(6), "s-2", replaces="s-1"), scan("picked_up", day(6, 5), "s-2")],
        7,
        ["opened transit_stalled", "replaced transit_stalled"],
    ),
    "it waits at a shop": (
        [*MOVING, scan("available_for_pickup", day(2))],
        7.01,
        ["opened awaiting_pickup", "updated awaiting_pickup"],
    ),
    "it is fetched": (
        [*MOVING, scan("available_for_pickup", day(2)), scan("delivered", day(4))],
        20,
        ["opened awaiting_pickup", "delivered awaiting_pickup"],
    ),
    "nobody fetches it": (
        [*MOVING, scan("available_for_pickup", day(2)), scan("returning", day(9))],
        10,
        ["opened awaiting_pickup", "updated awaiting_pickup", "opened returned_to_sender", "absorbed awaiting_pickup"],
    ),
    "held by customs": ([*MOVING, scan("held", day(2))], 3, ["opened held"]),
    "held by customs for long": ([*MOVING, scan("held", day(2))], 9.01, ["opened held", "updated held"]),
    "held and let go": (
        [*MOVING, scan("held", day(2)), scan("in_transit", day(8))], 9, ["opened held", "moved held"]
    ),
    "held twice": (
        [*MOVING, scan("held", day(2)), scan("in_transit", day(3)), scan("held", day(4))],
        5,
        ["opened held", "moved held", "opened held"],
    ),
    "on its way back": (COMING_BACK, 3, ["opened returned_to_sender"]),
    "on its way back for long": (COMING_BACK, 9.01, ["opened returned_to_sender", "updated returned_to_sender"]),
    "back and sent again": (
        [*COMING_BACK, scan("returned", day(4)), shipment(day(5), "s-2", replaces="s-1"),
         scan("picked_up", day(5, 5), "s-2")],
        6,
        ["opened returned_to_sender", "replaced returned_to_sender"],
    ),
    "back and paid back": (
        [*COMING_BACK, refunded(day(5), shirt=1)], 6, ["opened returned_to_sender", "refunded returned_to_sender"]
    ),
    "on its way back, then not": (
        [*COMING_BACK, scan("out_for_delivery", day(3))], 4, ["opened returned_to_sender", "moved returned_to_sender"]
    ),
    "sent back by the customer in its own parcel": (
        [*ARRIVED, scan("returning", day(9)), scan("returned", day(11))],
        20,
        [],
    ),
    "a line is in no parcel": (HALF, 4.2, ["opened item_missing", "opened transit_stalled"]),
    "a line is in no parcel for long": (
        [*HALF, scan("delivered", day(3))], 9.2, ["opened item_missing", "updated item_missing"]
    ),
    "too few pieces of a line": (
        [*TWO_LINES, shipment(day(1), "s-1", shipped_line("shirt", 1), shipped_line("hat")), scan("delivered", day(2))],
        7.1,
        ["opened item_missing"],
    ),
    "a second parcel follows": (
        [*HALF, shipment(day(2), "s-2"), scan("delivered", day(3)), scan("delivered", day(4), "s-2")], 10, []
    ),
    "a second parcel waits": (
        [*HALF, shipment(day(2), "s-2"), scan("delivered", day(3))], 8.1, ["opened pickup_stalled"]
    ),
    "the missing line comes later": (
        [*HALF, scan("delivered", day(3)), shipment(day(7), "s-2"), scan("picked_up", day(7, 5), "s-2"),
         scan("delivered", day(8), "s-2")],
        10,
        ["opened item_missing", "replaced item_missing"],
    ),
    "the missing line is paid back": (
        [*HALF, scan("delivered", day(3)), refunded(day(8), hat=1)],
        10,
        ["opened item_missing", "refunded item_missing"],
    ),
    "the missing line was in the parcel after all": (
        [*HALF, scan("delivered", day(3)), said(shipment(day(1, 1), "s-1", SHIRTS, shipped_line("hat")), day(6))],
        10,
        ["opened item_missing", "ended item_missing"],
    ),
    "a missing line that is known not to be available": (
        [*HALF, unavailable(day(2), "hat"), scan("delivered", day(3))], 10, ["opened item_unavailable"]
    ),
    "nobody has said what is in one of the parcels": (
        [*HALF, scan("delivered", day(3)), scan("delivered", day(4), "s-9")],
        10,
        [],
    ),
    "cancelled and not paid back": ([*BOUGHT, cancelled(day(1))], 11.01, ["opened refund_overdue"]),
    "cancelled and not paid back for long": (
        [*BOUGHT, cancelled(day(1))], 21.01, ["opened refund_overdue", "updated refund_overdue"]
    ),
    "cancelled and paid back": ([*BOUGHT, cancelled(day(1)), refunded(day(5), shirt=1)], 30, []),
    "cancelled and paid back without naming lines": ([*BOUGHT, cancelled(day(1)), refunded(day(5))], 30, []),
    "cancelled and paid back late": (
        [*BOUGHT, cancelled(day(1)), refunded(day(12), shirt=1)],
        30,
        ["opened refund_overdue", "refunded refund_overdue"],
    ),
    "cancelled and not paid for": ([placed(promised_by=None), cancelled(day(1))], 30, []),
    "a cent for a cancelled order": (
        [*BOUGHT, cancelled(day(1)), refunded(day(2), each_minor=1)], 12, ["opened refund_overdue"]
    ),
    "sent back and not paid back": (CHANGED_MIND, 17.01, ["opened refund_overdue"]),
    "sent back and paid back": ([*CHANGED_MIND, refunded(day(8), shirt=1)], 30, []),
    "paid back as soon as a return is asked for": (
        [*ARRIVED, return_requested(day(4), shirt=1), refunded(day(4, 1), shirt=1), return_received(day(7), shirt=1)],
        30,
        [],
    ),
    "some money for a scratch is no money for a return": (
        [*ARRIVED, refunded(day(4), each_minor=300, shirt=1), return_received(day(7), shirt=1)],
        20,
        ["opened refund_overdue"],
    ),
    "sent back and exchanged": (
        [*CHANGED_MIND, shipment(day(8), "s-2", replaces="s-1"), scan("picked_up", day(8, 2), "s-2")], 10, []
    ),
    "an exchange that is not handed over": (
        [*CHANGED_MIND, shipment(day(8), "s-2", replaces="s-1")], 15, ["opened pickup_stalled"]
    ),
    "an exchange that falls silent, and comes": (
        [*CHANGED_MIND, shipment(day(8), "s-2", replaces="s-1"), scan("picked_up", day(8, 2), "s-2"),
         scan("delivered", day(15), "s-2")],
        16,
        ["opened transit_stalled", "delivered transit_stalled"],
    ),
    "money that is owed, and then other goods": (
        [*CHANGED_MIND, shipment(day(18), "s-2", replaces="s-1"), scan("delivered", day(20), "s-2")],
        21,
        ["opened refund_overdue", "ended refund_overdue"],
    ),
    "one parcel is lost and another silent": (
        [*TWO_LINES, *on_the_way(day(1), "s-1"), shipment(day(1, 1), "s-2", shipped_line("hat")),
         scan("picked_up", day(1, 3), "s-2"), scan("lost", day(2)), scan("lost", day(9), "s-2")],
        10,
        ["opened lost", "opened transit_stalled", "opened lost", "absorbed transit_stalled"],
    ),
    "one parcel is held and another silent": (
        [*TWO_LINES, *on_the_way(day(1), "s-1"), shipment(day(1, 1), "s-2", shipped_line("hat")),
         scan("picked_up", day(1, 3), "s-2"), scan("held", day(2))],
        5,
        ["opened held", "opened transit_stalled"],
    ),
    "a parcel too many": (
        [*MOVING, shipment(day(1, 5), "s-2", shipped_line()), scan("delivered", day(2), "s-2")], 60, []
    ),
    "only asked whether it may come back": ([*ARRIVED, return_requested(day(4), shirt=1)], 30, []),
    "somebody would rather have the money": (
        [*MOVING, scan("delayed", day(2)), wished_to_cancel(day(3)),
         *(scan("in_transit", day(3 + n)) for n in range(11))],
        13.5,
        ["opened refund_overdue"],
    ),
    # of an order that nobody would see otherwise
    "paid when the promise was over, and not sent": (
        [placed(), payment_failed(day(1)), paid(day(10))],
        15.01,
        ["opened payment_failed", "paid payment_failed", "opened fulfilment_stalled"],
    ),
    "lost when the promise ended, found, and silent": (
        [placed(), paid(), *on_the_way(), scan("lost", day(2)), scan("in_transit", day(10))],
        15.01,
        ["opened lost", "moved lost", "opened transit_stalled"],
    ),
    "an exchange falls silent after the promise": (
        [placed(), paid(), *ARRIVED[2:], shipment(day(9), "s-2", SHIRT), scan("picked_up", day(10), "s-2")],
        16,
        ["opened transit_stalled"],
    ),
    "one parcel came unannounced, another is silent after the promise": (
        [placed(line("shirt"), line("hat")), paid(), shipment(day(1), "s-1", SHIRT), scan("picked_up", day(1, 2)),
         scan("delivered", day(2), "x-9"), scan("in_transit", day(8))],
        14,
        ["opened transit_stalled", "moved transit_stalled", "opened transit_stalled"],
    ),
    "what came under another number is not missed": (
        [placed(promised_by="2026-03-05"), paid(), shipment(day(0, 5)), scan("delivered", day(1.5), "x-9")], 30, []
    ),
    "half of a lost parcel is sent again": (
        [*TWO_LINES, *on_the_way(day(1)), scan("lost", day(2)), shipment(day(3), "s-2", SHIRTS, replaces="s-1"),
         scan("delivered", day(4), "s-2")],
        9,
        ["opened lost"],
    ),
    "half of a lost parcel is sent again, half paid back": (
        [*TWO_LINES, *on_the_way(day(1)), scan("lost", day(2)), shipment(day(3), "s-2", SHIRTS, replaces="s-1"),
         scan("delivered", day(4), "s-2"), refunded(day(5), hat=1)],
        9,
        ["opened lost", "replaced lost"],
    ),
    "half of what came back is sent again": (
        [*TWO_LINES, *on_the_way(day(1)), scan("returned", day(2)), shipment(day(3), "s-2", SHIRTS, replaces="s-1"),
         scan("delivered", day(4), "s-2")],
        5,
        ["opened returned_to_sender"],
    ),
    "packed anew with half of it": (
        [*TWO_LINES, shipment(day(1)), shipment(day(1, 1), "s-2", SHIRTS, replaces="s-1"),
         scan("delivered", day(2), "s-2")],
        8,
        ["opened item_missing"],
    ),
    "two parcels with a shirt each are lost, and one is paid back": (
        [placed(line("shirt", 2), promised_by=None), paid(), shipment(day(1), "s-1", SHIRT),
         shipment(day(1), "s-2", SHIRT), scan("picked_up", day(1, 1)), scan("lost", day(2)), refunded(day(3), shirt=1),
         scan("lost", day(4), "s-2")],
        5,
        ["opened lost", "refunded lost", "opened lost"],
    ),
    "held, and paid back": (
        [*MOVING, scan("held", day(2)), refunded(day(3), shirt=1)], 30, ["opened held", "refunded held"]
    ),
    "paid back, and then not handed over": (
        [*MOVING, refunded(day(2), shirt=1), scan("attempt_failed", day(3))], 30, []
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_silence_is_noticed_when_its_time_is_over_and_ends_by_itself(name: str) -> None:
    facts, until, troubles = STORIES[name]
    assert sorted(tell(*facts, until=day(until)).troubles) == sorted(troubles)


KINDS_THAT_SILENCE_OPENS = (
    "fulfilment_stalled", "pickup_stalled", "transit_stalled", "item_missing", "refund_overdue", "lost",
)  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS_THAT_SILENCE_OPENS, "held", "awaiting_pickup", "returned_to_sender"])
def test_an_issue_says_what_is_expected_next_by_when_and_by_what_it_is_known(kind: str) -> None:
    for facts, until, _ in STORIES.values():
        for opened in tell(*facts, until=day(until)).all(orders.IssueOpened):
            if opened.kind != kind or ("last_scan" in opened.evidence and opened.evidence["last_scan"] == "lost"):
                continue
            assert opened.known
            assert opened.told_by is not None
            assert opened.evidence
            assert opened.expected_next
            assert (opened.expected_by is None) == (kind == "lost")
            assert opened.expected_by is None or opened.expected_by > opened.opened_at


def opened(told: Told, kind: str) -> list[datetime]:
    return [issue.opened_at for issue in told.all(orders.IssueOpened) if issue.kind == kind]


FRIDAY, SATURDAY, MONDAY = day(4), day(5), day(7)
DE_TO_ES = {"origin": Origin(country="DE"), "destination": Destination(country="ES", zone="Europe/Madrid")}


def test_a_weekend_does_not_count() -> None:
    told = tell(*PACKED, scan("picked_up", FRIDAY), until=day(30))
    assert opened(told, "transit_stalled") == [day(9)]  # Wednesday at the same hour
    told = tell(*PACKED, scan("picked_up", SATURDAY), until=day(30))
    assert opened(told, "transit_stalled") == [day(9, 14)]  # when Wednesday is over in Berlin


def test_a_public_holiday_at_the_destination_does_not_count() -> None:
    easter = day(31)  # Thursday, the 2nd of April 2026; Friday and Monday are holidays in Germany
    told = tell(placed(promised_by=None), paid(), shipment(day(1)), scan("picked_up", easter), until=day(60))
    assert opened(told, "transit_stalled") == [day(38)]  # Thursday


def test_a_parcel_that_crosses_a_border_may_be_silent_for_longer() -> None:
    told = tell(placed(promised_by=None, **DE_TO_ES), paid(), *on_the_way(day(1)), until=day(30))
    assert opened(told, "transit_stalled") == [day(8, 2)]


def test_ship_by_is_what_the_handover_is_measured_by() -> None:
    told = tell(placed(promised_by=None, ship_by="2026-03-06"), paid(), until=day(30))
    assert opened(told, "fulfilment_stalled") == [day(4, 14)]  # midnight in Berlin


def test_a_promise_of_minutes_has_limits_of_minutes() -> None:
    quick = Policy(limits=Limits(handover="10 minutes", transit="5 minutes"))
    told = tell(placed(promised_by="2026-03-02T09:40:00Z"), paid(), until=day(0, 0.5), policy=quick)
    assert opened(told, "fulfilment_stalled") == [day(0, 1 / 6)]


def test_a_carrier_and_a_lane_have_limits_and_working_days_of_their_own() -> None:
    sundays = Policy(
        overrides=(
            Override(carrier="dhl", working_days=frozenset({"saturday", "sunday"})),
            Override(country="DE", limits=(("transit", "2 working days"),)),
            Override(country="FR", limits=(("transit", "1 working day"),)),
        )
    )
    told = tell(*PACKED, scan("picked_up", day(5.5)), until=day(30), policy=sundays)
    assert opened(told, "transit_stalled") == [day(12.5)]


def test_every_decision_names_the_policy_that_made_it() -> None:
    told = tell(*HALF, until=day(30), policy=Policy(version="summer"))
    assert {decision.version for decision in told.decisions} == {"summer"}


def test_silences_of_somebody_who_was_erased_are_nobodys_issue() -> None:
    told = tell(*BOUGHT, erased(day(1)), until=day(60))
    assert told.troubles == []
    assert not told.deadlines


def test_when_all_is_well_nobody_looks_any_more() -> None:
    told = tell(*ARRIVED, until=day(60))
    assert not told.deadlines
    assert told.timeline.deadlines == {}


def test_a_new_date_gives_silences_a_new_meaning() -> None:
    told = tell(placed(promised_by="2026-03-04"), paid(), promised(day(4), "2026-03-20"), until=day(5))
    assert told.troubles[-2:] == ["promise_changed delivery_late", "opened fulfilment_stalled"]
