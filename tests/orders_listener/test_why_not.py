"""Why there is no such issue: asked of the same table and the same picture that would open it."""

from datetime import datetime
from typing import Any

import pytest

from contracts import Fact
from contracts.vocabulary import IssueKind
from orders_listener.policy import DEFAULT
from orders_listener.rules import RULE_OF, RULES
from orders_listener.why_not import OPENED_BY, Explanation, explained
from tests.orders_listener.shop import (
    day,
    erased,
    on_the_way,
    paid,
    payment_failed,
    placed,
    refunded,
    scan,
    tell,
    unavailable,
)


def why_not(kind: str, *facts: Fact, at: datetime, **more: Any) -> Explanation:
    """Asked `at`, after everything until then was folded."""
    told = tell(*facts, until=at, **more)
    return explained(
        told.timeline, RULE_OF[IssueKind(kind)], at=at, policy=DEFAULT, erased_at=told.account.patron.erased_at
    )


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


def test_a_look_that_is_over_is_explained_by_what_was_known_then() -> None:
    facts = (placed(), paid(), *on_the_way(), scan("in_transit", day(5)), scan("delivered", day(10)))
    past = why_not("delivery_at_risk", *facts, at=day(12)).last_look
    assert past is not None
    assert (past.opens, past.reason) == (False, "not_shown")
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
            at_opening = explained(told.timeline, rule, at=issue.opened_at, policy=DEFAULT, erased_at=None)
            look = at_opening.last_look or at_opening.now
            assert look.opens or look.at != issue.opened_at, look
