"""What opens an issue, what heals it, and what never opens it twice."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from chassis.errors import Conflict, NotFound, Rejected
from chassis.items import Command
from contracts import Event, Fact, orders
from contracts.vocabulary import Severity
from orders_listener.accounts import AcceptDelay, RequestCancellation
from orders_listener.watch import DeadlineKind
from tests.orders_listener.shop import (
    ADA,
    ORDER,
    PATIENT,
    available,
    cancelled,
    changed,
    contact,
    day,
    erased,
    in_this_order,
    line,
    on_the_way,
    paid,
    payment_failed,
    placed,
    promised,
    refunded,
    said,
    scan,
    shipment,
    shipped_line,
    substituted,
    tell,
    unavailable,
)

RED, BLUE = {"colour": "red"}, {"colour": "blue"}
BOUGHT = (placed(line("shirt", colour="blue", size="M"), line("hat"), promised_by=None), paid())
WRONG = (*BOUGHT, shipment(day(1), "s-1", shipped_line(variant=RED), shipped_line("hat")), scan("delivered", day(2)))

STORIES: dict[str, tuple[Sequence[Fact | Event[Any]], list[str]]] = {
    "a payment fails": ([placed(), payment_failed(day(0, 1))], ["opened payment_failed"]),
    "a payment fails and the next succeeds": (
        [placed(), payment_failed(day(0, 1)), paid(day(0, 2))],
        ["opened payment_failed", "paid payment_failed"],
    ),
    "a failed payment that is heard of late": ([placed(), paid(day(0, 2)), payment_failed(day(0, 1))], []),
    "a line is unavailable": ([*BOUGHT, unavailable(day(1))], ["opened item_unavailable"]),
    "a line is restocked": (
        [*BOUGHT, unavailable(day(1)), available(day(2))],
        ["opened item_unavailable", "available item_unavailable"],
    ),
    "a restocked line is unavailable again, and restocked": (
        [*BOUGHT, unavailable(day(1)), unavailable(day(1.5)), available(day(2)), available(day(2.5)),
         unavailable(day(3)), unavailable(day(4)), available(day(5))],
        ["opened item_unavailable", "available item_unavailable"] * 2,
    ),
    "a line is unavailable again after it was refunded": (
        [*BOUGHT, unavailable(day(1)), available(day(2)), refunded(day(3), shirt=1), unavailable(day(4))],
        ["opened item_unavailable", "available item_unavailable"],
    ),
    "that a line was available in between is heard of late": (
        [*BOUGHT, unavailable(day(1)), unavailable(day(3)), available(day(2)), available(day(4))],
        ["opened item_unavailable", "available item_unavailable"],
    ),
    "each line for itself": (
        [*BOUGHT, unavailable(day(1)), unavailable(day(1), "hat"), refunded(day(2), hat=1)],
        ["opened item_unavailable", "opened item_unavailable", "refunded item_unavailable"],
    ),
    "a gesture heals nothing": ([*BOUGHT, unavailable(day(1)), refunded(day(2))], ["opened item_unavailable"]),
    "a substitution is agreed": (
        [*BOUGHT, unavailable(day(1)), substituted(day(2), RED, agreed=True)],
        ["opened item_unavailable", "substitution_agreed item_unavailable"],
    ),
    "an agreed substitution is sent": (
        [*BOUGHT, substituted(day(1), RED, agreed=True), shipment(day(2), "s-1", shipped_line(variant=RED))],
        [],
    ),
    "nobody agreed to a substitution, then somebody does": (
        [*BOUGHT, substituted(day(1), RED), substituted(day(2), RED, agreed=True)],
        ["opened item_substituted", "substitution_agreed item_substituted"],
    ),
    "nobody agreed to a substitution, then the line is struck": (
        [*BOUGHT, substituted(day(1), RED), changed(day(2), line("hat")), substituted(day(3), RED, agreed=True)],
        ["opened item_substituted", "ended item_substituted"],
    ),
    "a struck line is unavailable and substituted": (
        [*BOUGHT, changed(day(1), line("hat")), unavailable(day(2)), substituted(day(3), RED)],
        [],
    ),
    "an unavailable line is struck": (
        [*BOUGHT, unavailable(day(1)), changed(day(2), line("hat"))],
        ["opened item_unavailable", "ended item_unavailable"],
    ),
    "the wrong colour is sent": (WRONG, ["opened item_substituted"]),
    "what was ordered is sent": ([*BOUGHT, shipment(day(1), "s-1", shipped_line(variant={"colour": "Blue "}))], []),
    "a replacement for the wrong colour arrives": (
        [*WRONG, shipment(day(3), "s-2", shipped_line(variant=BLUE), replaces="s-1"), scan("delivered", day(4), "s-2")],
        ["opened item_substituted", "replaced item_substituted"],
    ),
    "a replacement of the wrong colour again arrives": (
        [*WRONG, shipment(day(3), "s-2", shipped_line(variant=RED), replaces="s-1"), scan("delivered", day(4), "s-2")],
        ["opened item_substituted"],
    ),
    "the wrong line is refunded": (
        [*WRONG, refunded(day(3), shirt=1)],
        ["opened item_substituted", "refunded item_substituted"],
    ),
    "the order is cancelled": (
        [*BOUGHT, unavailable(day(1)), substituted(day(1), RED, line_id="hat"), cancelled(day(2))],
        ["opened item_unavailable", "opened item_substituted", "cancelled item_unavailable",
         "cancelled item_substituted"],
    ),
    "a line of a cancelled order is unavailable": ([*BOUGHT, cancelled(day(1)), unavailable(day(2))], []),
    "a parcel is lost": ([*BOUGHT, *on_the_way(), scan("lost", day(3))], ["opened lost"]),
    "a lost parcel is found": (
        [*BOUGHT, *on_the_way(), scan("lost", day(3)), scan("in_transit", day(4))],
        ["opened lost", "moved lost"],
    ),
    "a lost parcel is replaced": (
        [*BOUGHT, *on_the_way(), scan("lost", day(3)), shipment(day(4), "s-2", replaces="s-1"),
         scan("delivered", day(6), "s-2")],
        ["opened lost", "replaced lost"],
    ),
    "a damaged parcel arrives damaged": (
        [*BOUGHT, *on_the_way(), scan("damaged", day(3)), scan("delivered", day(4))],
        ["opened damaged"],
    ),
    "an attempt fails and the next succeeds": (
        [*BOUGHT, *on_the_way(), scan("attempt_failed", day(3)), scan("delivered", day(4))],
        ["opened attempt_failed", "delivered attempt_failed"],
    ),
    "a second attempt fails too": (
        [*BOUGHT, *on_the_way(), scan("attempt_failed", day(3)), scan("out_for_delivery", day(4)),
         scan("attempt_failed", day(4, 5))],
        ["opened attempt_failed", "moved attempt_failed", "opened attempt_failed"],
    ),
    "a failed attempt is reported twice": (
        [*BOUGHT, *on_the_way(), scan("attempt_failed", day(3)), scan("attempt_failed", day(3, 1))],
        ["opened attempt_failed", "updated attempt_failed"],
    ),
    "a failed attempt is heard of after three days": (
        [*BOUGHT, *on_the_way(), said(scan("attempt_failed", day(3)), day(6.1))],
        [],
    ),
    "yesterday's trouble is heard of when it is over": (
        [*BOUGHT, *on_the_way(), scan("out_for_delivery", day(4)), scan("attempt_failed", day(3))],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_an_issue_opens_once_and_heals_by_itself(name: str) -> None:
    facts, troubles = STORIES[name]
    told = in_this_order([fact if isinstance(fact, Event) else said(fact) for fact in facts], policy=PATIENT)
    assert told.troubles == troubles
    again = in_this_order(
        [said(fact.data if isinstance(fact, Event) else fact, day(10), number=1) for fact in facts],
        account=told.account,
        policy=PATIENT,
    )
    assert again.facts == []


def test_an_issue_says_what_was_promised_and_what_is_known() -> None:
    told = tell(placed(), paid(), unavailable(day(1), restock_at="2026-03-12"))
    [opened] = told.all(orders.IssueOpened)
    assert opened.known == "The shirt cannot be sent now: it is out of stock."
    assert opened.line_ids == ("shirt",)
    assert opened.expected_by == day(10, 14)  # midnight in Berlin
    assert opened.told_by == day(2)
    assert opened.evidence == {"reason": "out_of_stock", "restock_at": "2026-03-12", "title": "The shirt"}


def test_more_is_said_when_more_is_known() -> None:
    told = tell(placed(), paid(), unavailable(day(1)), unavailable(day(2), restock_at="2026-03-12"))
    [updated] = told.all(orders.IssueUpdated)
    assert updated.changed == ("expected_next", "expected_by")
    assert updated.opened_at == day(1)


def test_told_by_is_before_the_promise_while_it_holds_and_soon_afterwards() -> None:
    said_by = [
        (day(1), "2026-03-10", day(2)),
        (day(1), "2026-03-03", day(1, 14)),
        (day(3), "2026-03-03", day(3, 4)),
        (day(1), None, day(1, 4)),
    ]
    for at, promise, told_by in said_by:
        told = tell(placed(promised_by=promise), paid(), unavailable(at))
        found = [issue.told_by for issue in told.all(orders.IssueOpened) if issue.kind == "item_unavailable"]
        assert found == [told_by]


END = day(8, 14)  # of the 10th of March in Berlin
LATE, RISK = "opened delivery_late", "opened delivery_at_risk"


def test_silence_is_found_at_the_end_of_the_promise_not_before() -> None:
    story = (placed(), paid())
    assert LATE not in tell(*story, until=END).troubles
    told = tell(*story, until=END + timedelta(seconds=1))
    late = told.all(orders.IssueOpened)[-1]
    assert (late.kind, late.opened_at, late.promised_by) == ("delivery_late", END, END)
    assert late.told_by == END + timedelta(hours=4)
    assert late.known == "Your order was promised by 10 March 2026 and has not been delivered."


PROMISES: dict[str, tuple[Sequence[Fact], list[str]]] = {
    "delivered in time": ([*on_the_way(), scan("out_for_delivery", day(6)), scan("delivered", day(6, 3))], []),
    "never handed over": ([], [RISK, "absorbed delivery_at_risk", LATE]),
    "delivered late": (
        [*on_the_way(day(4)), scan("in_transit", day(6)), scan("delivered", day(9))],
        [LATE, "delivered delivery_late"],
    ),
    "silent for days, then delivered": (
        [*on_the_way(day(1)), scan("delivered", day(7))],
        [RISK, "delivered delivery_at_risk"],
    ),
    "cancelled in time": ([cancelled(day(5))], []),
    "cancelled late": ([cancelled(day(9))], [RISK, "absorbed delivery_at_risk", LATE, "cancelled delivery_late"]),
    "refunded whole": (
        [refunded(day(9), shirt=1)],
        [RISK, "absorbed delivery_at_risk", LATE, "refunded delivery_late"],
    ),
    "a new date in time": (
        [promised(day(5), "2026-03-20"), *on_the_way(day(15)), scan("delivered", day(16))],
        [],
    ),
    "a new date after the warning": (
        [promised(day(7), "2026-03-20"), *on_the_way(day(15)), scan("delivered", day(16))],
        [RISK, "promise_changed delivery_at_risk"],
    ),
    "a new date that has passed already": (
        [promised(day(10), "2026-03-11")],
        [RISK, "absorbed delivery_at_risk", LATE],
    ),
    "the new date is broken too": (
        [promised(day(9), "2026-03-13")],
        [RISK, "absorbed delivery_at_risk", LATE, "promise_changed delivery_late",
         RISK, "absorbed delivery_at_risk", LATE],
    ),
    "a repeated old date changes nothing": (
        [promised(day(1), "2026-03-13"), promised(day(0, 1), "2026-03-10")],
        [RISK, "absorbed delivery_at_risk", LATE],
    ),
    "lost before the promise ends": ([*on_the_way(day(4)), scan("lost", day(7))], ["opened lost"]),
    "lost after it ended": (
        [*on_the_way(day(4)), scan("in_transit", day(6)), scan("lost", day(10))],
        [LATE, "opened lost", "absorbed delivery_late"],
    ),
    "the payment failed": ([payment_failed(day(1))], ["opened payment_failed"]),
    "half of it came": (
        [shipment(day(1), "s-1", shipped_line("hat")), scan("delivered", day(2))],
        [RISK, "absorbed delivery_at_risk", LATE],
    ),
    "it came, but nobody said what is in it": ([scan("delivered", day(2))], []),
}  # fmt: skip


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_is_watched(name: str) -> None:
    facts, troubles = PROMISES[name]
    lines = (line("shirt"), line("hat")) if name == "half of it came" else (line("shirt"),)
    told = tell(placed(*lines), paid(), *facts, until=day(19), policy=PATIENT)
    assert sorted(told.troubles) == sorted(troubles)


def test_a_second_broken_promise_is_worse() -> None:
    told = tell(placed(), paid(), promised(day(9), "2026-03-13"), until=day(19), policy=PATIENT)
    late = [issue for issue in told.all(orders.IssueOpened) if issue.kind == "delivery_late"]
    assert [issue.severity for issue in late] == [Severity.serious, Severity.critical]
    assert len({issue.issue_id for issue in late}) == 2


def test_looking_and_finding_nothing_is_a_decision() -> None:
    looks: dict[str, list[Fact]] = {
        "out_for_delivery": [*on_the_way(), scan("out_for_delivery", day(2))],
        "available_for_pickup": [*on_the_way(), scan("available_for_pickup", day(2))],
        "scanned_recently": [*on_the_way(), scan("in_transit", day(5))],
        "delivered_unannounced": [scan("delivered", day(5))],
    }
    for reason, facts in looks.items():
        told = tell(placed(), paid(), *facts, until=day(7), policy=PATIENT)
        found = [(one.subject, one.rule, one.outcome, one.reason) for one in told.decisions if one.subject == ORDER]
        assert found == [(ORDER, "delivery_at_risk", "not_opened", reason)]


def test_a_promise_in_minutes_is_watched_too() -> None:
    told = tell(placed(promised_by="2026-03-02T09:40:00Z"), paid(), until=day(1))
    assert [(issue.kind, issue.opened_at) for issue in told.all(orders.IssueOpened)] == [
        ("delivery_at_risk", day(0) + timedelta(minutes=20)),
        ("delivery_late", day(0) + timedelta(minutes=40)),
    ]


def test_the_estimate_of_the_carrier_is_expected_next() -> None:
    told = tell(
        placed(), paid(), *on_the_way(day(4)), scan("in_transit", day(10), estimated_delivery_at="2026-03-14"),
        until=day(11), policy=PATIENT,
    )  # fmt: skip
    assert told.troubles == [LATE, "updated delivery_late"]
    assert told.all(orders.IssueUpdated)[0].expected_by == day(12, 14)


def test_an_order_heard_of_after_its_promise_is_late_from_then() -> None:
    told = in_this_order([said(placed(), day(12)), said(paid(), day(12))], until=day(13))
    assert [(issue.kind, issue.opened_at) for issue in told.all(orders.IssueOpened)] == [("delivery_late", day(12))]


def test_deadlines_are_cleared_when_nobody_waits_any_more() -> None:
    watched = tell(placed(), paid())
    assert watched.deadlines.pop(DeadlineKind.silence_lasts) == day(3)
    assert watched.deadlines == {DeadlineKind.promise_ends: END, DeadlineKind.risk_check: day(3, 10)}
    done = in_this_order([said(fact) for fact in (*on_the_way(), scan("delivered", day(2)))], account=watched.account)
    assert done.deadlines == {DeadlineKind.return_window_ends: day(16)}
    over = in_this_order([said(cancelled(day(3)))], account=done.account)
    assert over.deadlines == {}
    assert over.timeline.deadlines == {}


def test_nothing_new_is_opened_for_somebody_who_was_erased() -> None:
    told = tell(placed(), paid(), erased(day(1)), unavailable(day(2)), until=day(19))
    assert told.troubles == []


def test_a_deadline_left_from_before_the_erasure_is_explained() -> None:
    told = tell(placed(), paid(), erased(day(8)), until=day(19), policy=PATIENT)
    [decision] = [decision for decision in told.decisions if decision.rule == "delivery_late"]
    assert (decision.outcome, decision.reason) == ("not_opened", "customer_erased")


def accept(at_day: float, **wish: object) -> Command[AcceptDelay]:
    return Command(
        id=f"accept-{at_day}", at=day(at_day), customer_id=ADA, actor="customer", correlation_id="c",
        data=AcceptDelay(order_id=ORDER, **wish),  # type: ignore[arg-type]  # until, where there is one
    )  # fmt: skip


def request_cancellation(at_day: float) -> Command[RequestCancellation]:
    return Command(
        id=f"cancel-{at_day}", at=day(at_day), customer_id=ADA, actor="customer", correlation_id="c",
        data=RequestCancellation(order_id=ORDER, reason="I bought it elsewhere"),
    )  # fmt: skip


def test_an_accepted_delay_is_over_for_good() -> None:
    told = tell(placed(), paid(), accept(9), until=day(40))
    assert told.troubles[-1] == "accepted delivery_late"
    [accepted] = told.all(orders.DelayAccepted)
    assert accepted.issue_id == told.all(orders.IssueResolved)[-1].issue_id


def test_an_agreed_date_is_a_promise_again() -> None:
    told = tell(placed(), paid(), accept(9, until=day(12)), until=day(40))
    assert told.troubles.count(LATE) == 2
    assert told.all(orders.IssueOpened)[-1].promised_by == day(12)


@pytest.mark.parametrize(
    ("agreed", "late"), [({}, False), ({"until": day(12)}, False), ({"until": day(10)}, True), (None, True)]
)
def test_who_agreed_to_wait_was_not_let_down(agreed: dict[str, object] | None, late: bool) -> None:
    agreement = () if agreed is None else (accept(9, **agreed),)
    told = tell(placed(), paid(), *on_the_way(), *agreement, scan("delivered", day(11)), until=day(40))
    assert [delivered.late for delivered in told.all(orders.OrderDelivered)] == [late]


def test_accepting_twice_is_accepting_once() -> None:
    told = tell(placed(), paid(), accept(9), accept(9.5), until=day(10))
    assert len(told.all(orders.DelayAccepted)) == 1
    assert told.outcomes[-1].duplicate


def test_a_customer_cannot_accept_what_is_not_late() -> None:
    with pytest.raises(NotFound):
        tell(accept(1))
    with pytest.raises(Conflict):
        tell(placed(), paid(), accept(1))
    with pytest.raises(Rejected, match="still to come"):
        tell(placed(), paid(), accept(9, until=day(8)))


def test_a_wish_to_cancel_is_passed_on_once_and_without_being_kept_in_words() -> None:
    told = tell(placed(), paid(), request_cancellation(9), request_cancellation(10), until=day(10))
    [requested] = told.all(orders.CancellationRequested)
    assert requested.reason == "I bought it elsewhere"
    assert requested.issue_id == told.all(orders.IssueOpened)[-1].issue_id
    assert "elsewhere" not in str(told.timeline)


def test_a_delivered_order_cannot_be_cancelled_by_wish() -> None:
    with pytest.raises(Conflict):
        tell(placed(), paid(), *on_the_way(), scan("delivered", day(3)), request_cancellation(9))


def test_the_first_contact_is_kept_without_its_words() -> None:
    told = tell(placed(), contact(day(2), "c-2"), said(contact(day(1), "c-1"), day(3)), contact(day(4), "c-3", None))
    first = told.account.patron.first_contact
    assert first is not None
    assert (first.contact_id, first.occurred_at, first.topic) == ("c-1", day(1), "late")
    assert "Where is my shirt" not in str(told.account)


def test_a_link_that_pays_is_kept_until_it_is_paid() -> None:
    waits = (placed(), payment_failed(day(1)))
    assert "shop.example" in str(tell(*waits).timeline)
    assert "shop.example" not in str(tell(*waits, paid(day(2))).timeline)
