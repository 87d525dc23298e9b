"""Why there is no such issue: asked of the same table and the same picture that would open it."""

from datetime import datetime
from typing import Any

import pytest

from contracts import Fact
from contracts.vocabulary import IssueKind
from orders_listener.accounts import Account, Patron
from orders_listener.early_warning.mornings import Mornings
from orders_listener.early_warning.snapshots import Snapshot
from orders_listener.policy import DEFAULT, Policy
from orders_listener.rules import RULE_OF, RULES
from orders_listener.why_not import OPENED_BY, Explanation, explained
from tests.orders_listener.shop import (
    ADA,
    PATIENT,
    Told,
    day,
    erased,
    line,
    on_the_way,
    paid,
    payment_failed,
    placed,
    refunded,
    scan,
    shipment,
    shipped_line,
    tell,
    unavailable,
)
from tests.orders_listener.teaching import mornings, taught


def why_not(kind: str, *facts: Fact, at: datetime, **more: Any) -> Explanation:
    """Asked `at`, after everything until then was folded."""
    told = tell(*facts, until=at, **more)
    return explained(
        told.timeline, RULE_OF[IssueKind(kind)], at=at, policy=DEFAULT, erased_at=told.account.patron.erased_at,
        mornings=Mornings(),
    )  # fmt: skip


def test_every_rule_has_words() -> None:
    assert {rule.kind for rule in RULES} <= OPENED_BY.keys()


@pytest.mark.parametrize(
    ("kind", "facts", "reason"),
    [
        ("payment_failed", [placed()], "not_shown"),
        ("payment_failed", [placed(), payment_failed(day(0.1))], "is_open"),
        ("payment_failed", [placed(), payment_failed(day(0.1)), paid(day(0.2))], "not_shown"),
        ("item_unavailable", [scan("picked_up", day(1))], "order_unknown"),
        ("item_unavailable", [placed(), unavailable(day(1)), erased(day(2))], "is_open"),
        ("item_unavailable", [placed(), erased(day(0.5)), unavailable(day(1))], "customer_erased"),
        ("item_unavailable", [placed(), refunded(day(0.5), shirt=1), unavailable(day(1))], "refunded"),
        ("delivery_late", [placed(), paid()], "not_yet"),
        ("delivery_late", [placed(promised_by=None), paid()], "not_shown"),
        ("delivery_late", [placed(), paid(), *on_the_way(), scan("delivered", day(2))], "not_shown"),
        ("delivery_late", [placed(), payment_failed(day(1))], "payment_failed"),
        ("lost", [placed(), paid(), *on_the_way()], "not_shown"),
    ],
)
def test_the_first_condition_that_does_not_hold_is_the_reason(kind: str, facts: list[Fact], reason: str) -> None:
    explanation = why_not(kind, *facts, at=day(3))
    assert explanation.now.reason == reason
    assert not explanation.now.opens


def test_it_is_said_when_somebody_looks_next_and_what_comes_of_it() -> None:
    waits = why_not("delivery_late", placed(), paid(), at=day(3))
    assert waits.next_look is not None
    assert (waits.next_look.at, waits.next_look.opens) == (tell(placed()).deadlines["promise_ends"], True)
    unpaid = why_not("delivery_late", placed(), payment_failed(day(1)), at=day(3))
    assert unpaid.next_look is not None
    assert (unpaid.next_look.opens, unpaid.next_look.reason) == (False, "payment_failed")


def test_a_lost_parcel_says_nothing_of_another() -> None:
    both = (placed(line("shirt"), line("hat"), promised_by=None), paid(),
            shipment(day(0.1), "s-1", shipped_line("hat")), shipment(day(0.1), "s-2", shipped_line()),
            scan("picked_up", day(1)), scan("picked_up", day(1.5), "s-2"),
            scan("lost", day(2)))  # fmt: skip
    silent = why_not("transit_stalled", *both, at=day(3))
    assert silent.next_look is not None
    assert (silent.next_look.at, silent.next_look.opens) == (day(4.5), True)
    assert tell(*both, until=day(4.6)).troubles == ["opened lost", "opened transit_stalled"]


def test_a_look_that_is_over_is_explained_by_what_was_known_then() -> None:
    facts = (placed(), paid(), *on_the_way(), scan("in_transit", day(5)), scan("delivered", day(10)))
    past = why_not("delivery_at_risk", *facts, at=day(12)).last_look
    assert past is not None
    assert (past.opens, past.reason) == (False, "decided_another_evening")
    late = why_not("delivery_late", *facts, at=day(12))
    assert late.state == "resolved"
    assert late.last_look is not None
    assert late.last_look.opens
    assert late.next_look is None


def test_an_issue_that_has_ended_is_not_said_to_be_open() -> None:
    facts = (placed(), paid(), payment_failed(day(1)), paid(day(2)))
    healed = why_not("payment_failed", *facts, at=day(3))
    assert (healed.state, healed.now.reason, len(healed.issue_ids)) == ("resolved", "not_shown", 1)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_what_the_conditions_say_is_what_a_review_does(rule: Any) -> None:
    """At each moment of a bad life, the explanation of the look that opens an issue says that nothing prevents it."""
    facts = [placed(), payment_failed(day(1)), unavailable(day(1.5)), paid(day(2)), *on_the_way(day(2.5)),
             scan("damaged", day(4)), scan("lost", day(5)), scan("attempt_failed", day(6))]  # fmt: skip
    told = tell(*facts, until=day(20))
    for issue in told.timeline.issues.values():
        if issue.kind == rule.kind:
            at_opening = explained(
                told.timeline, rule, at=issue.opened_at, policy=DEFAULT, erased_at=None, mornings=Mornings()
            )
            look = at_opening.last_look or at_opening.now
            assert look.opens or look.at != issue.opened_at, look


# --- of a shop that has been taught ---

THE_LOOK = day(6, 10)
"""The last evening that gives the wanted lead, with what was known then; the looks before and after leave no trace."""


def risk_of(snapshot: Snapshot, *facts: Fact, at: datetime, policy: Policy = PATIENT) -> tuple[Told, Explanation]:
    """An order on its way since the first day, looked at by these numbers and asked about with the same."""
    account = Account(patron=Patron(customer_id=ADA), mornings=mornings(snapshot))
    told = tell(placed(), paid(), *on_the_way(day(0)), *facts, account=account, until=at, policy=policy)
    rule = RULE_OF[IssueKind.delivery_at_risk]
    return told, explained(
        told.timeline, rule, at=at, policy=policy, erased_at=None, mornings=mornings(snapshot)
    )  # fmt: skip


def test_who_was_spared_by_the_numbers_of_a_morning_is_explained_by_the_same_numbers() -> None:
    told, explanation = risk_of(taught(later=0.6), at=day(6, 12))
    [decision] = told.decisions
    look = explanation.last_look
    assert look is not None
    assert (look.at, look.opens, look.reason) == (THE_LOOK, False, "likely_in_time")
    assert decision.reason == look.reason
    assert decision.version == f"{PATIENT.version} of 2026-02-28"
    numbers = ", ".join(f"{name} {number}" for name, number in decision.detail.items())
    assert look.words.startswith(f"It is not so (likely in time; {numbers}; numbers of 2026-02-28): ")


def test_a_warning_that_was_given_is_explained_by_the_numbers_that_gave_it() -> None:
    """By the plain rule nobody would have been warned of a parcel scanned a day ago."""
    told, explanation = risk_of(taught(), scan("in_transit", day(5)), at=day(6, 12))
    assert told.troubles == ["opened delivery_at_risk"]
    look = explanation.last_look
    assert look is not None
    assert (look.at, look.opens) == (THE_LOOK, True)
    [decision] = told.decisions
    [shown] = [one.words for one in look.conditions if one.condition == "shown"]
    assert shown.startswith(f"It is so (likely late; late_milli {decision.detail['late_milli']}, ")


@pytest.mark.parametrize(
    ("snapshot", "at", "reason"),
    [
        (taught(later=0.3), day(5, 12), "not_nearly_sure"),  # an evening too early for who is not
        (taught(later=0.6), day(7, 12), "likely_in_time"),  # once more, the day before
        (Snapshot(), day(5, 12), "decided_another_evening"),  # nothing is known: the plain rule speaks once
    ],
)
def test_a_look_that_leaves_no_trace_is_explained_truly(snapshot: Snapshot, at: datetime, reason: str) -> None:
    told, explanation = risk_of(snapshot, scan("in_transit", day(5)), at=at)
    assert explanation.last_look is not None
    assert (explanation.last_look.opens, explanation.last_look.reason) == (False, reason)
    assert all(decision.detail.keys() >= {"raw_milli"} for decision in told.decisions)
    assert len(told.decisions) == (at > THE_LOOK)


def test_what_comes_of_the_next_look_is_said_by_the_numbers_known_so_far() -> None:
    for snapshot, opens in ((taught(), True), (taught(later=0.6), False)):
        _, explanation = risk_of(snapshot, scan("in_transit", day(5, 12)), at=day(5, 12), policy=PATIENT)
        assert explanation.next_look is not None
        assert (explanation.next_look.at, explanation.next_look.opens) == (THE_LOOK, opens)
        assert explanation.now.reason == ("not_yet" if opens else "not_shown")
