"""Disruptions that staff declares: whom they concern, when that is an issue, and what ends it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chassis.items import Due
from chassis.outcomes import Decision
from contracts import Fact, orders
from contracts.storefront import OrderPlaced
from contracts.vocabulary import Destination, IssueKind, Origin, Severity
from orders_listener.accounts import Account, Patron
from orders_listener.disruptions.declarations import Book, Concern, Disruption, Over, Statement, spread_of
from orders_listener.early_warning.mornings import Mornings
from orders_listener.folding import fold
from orders_listener.rules import RULE_OF
from orders_listener.timelines import Timeline
from orders_listener.watch import DeadlineKind
from orders_listener.why_not import explained
from tests.orders_listener.shop import (
    ADA,
    ORDER,
    PATIENT,
    Told,
    cancelled,
    day,
    erased,
    line,
    on_the_way,
    paid,
    placed,
    refunded,
    scan,
    shipment,
    shipped_line,
    tell,
)

BERLIN = Destination(country="DE", region="BE", postcode_prefix="101", zone="Europe/Berlin")
KNOWN = "The carrier is on strike."
A_WEEK = day(6)


def bought(*lines: Any, destination: Destination = BERLIN, **more: Any) -> OrderPlaced:
    return placed(*lines, destination=destination, origin=Origin(warehouse_id="W-1"), **more)


def said(at: datetime, number: int = 1, **more: Any) -> Statement:
    content: dict[str, Any] = {"actor": "care:eve", "known": KNOWN}
    return Statement(statement_id=f"s-{number}", said_at=at, **content | more)


def disruption(
    *statements: Statement, starts_at: datetime | None = None, disruption_id: str = "d-1", **concern: str
) -> Disruption:
    return Disruption(
        disruption_id=disruption_id,
        concern=Concern(**concern or {"carrier": "DHL"}),
        starts_at=starts_at or statements[0].said_at,
        statements=statements,
    )


def called(said_at: datetime) -> datetime:
    """When the order looks."""
    return said_at + spread_of(ORDER)


def knowing(*disruptions: Disruption) -> Account:
    """Ada, with all that was ever declared."""
    return Account(patron=Patron(customer_id=ADA), declared=Book(disruptions))


def story(*facts: Fact, about: tuple[Disruption, ...], until: datetime = A_WEEK) -> Told:
    return tell(*facts, account=knowing(*about), until=until, policy=PATIENT)


def disruptions_in(told: Told) -> list[str]:
    return [trouble for trouble in told.troubles if trouble.endswith("disruption")]


def decisions_in(told: Told) -> list[Decision]:
    return [decision for decision in told.decisions if decision.rule == IssueKind.disruption]


HANDED_OVER = [bought(), paid(), *on_the_way(day(1))]
TWO_LINES = [bought(line("shirt"), line("hat")), paid()]


@pytest.mark.parametrize(
    ("facts", "concern", "concerned"),
    [
        (HANDED_OVER, {"carrier": "dhl"}, True),
        (HANDED_OVER, {"carrier": "ups"}, False),
        ([bought(), paid()], {"carrier": "dhl"}, False),
        ([bought(), paid(), shipment(day(1))], {"carrier": "dhl"}, True),
        ([bought(), paid()], {"country": "DE"}, True),
        ([bought(), paid()], {"country": "FR"}, False),
        ([bought(), paid()], {"country": "DE", "region": "be"}, True),
        ([bought(), paid()], {"country": "DE", "postcode_prefix": "10"}, True),
        ([bought(), paid()], {"country": "DE", "postcode_prefix": "10115"}, False),
        ([bought(), paid()], {"country": "DE", "postcode_prefix": "20"}, False),
        ([bought(), paid()], {"country": "DE", "carrier": "dhl"}, False),
        (HANDED_OVER, {"country": "DE", "carrier": "dhl", "sku": "sku-shirt"}, True),
        ([bought(), paid()], {"warehouse_id": "w-1"}, True),
        ([bought(), paid()], {"warehouse_id": "w-2"}, False),
        (HANDED_OVER, {"warehouse_id": "w-1"}, False),
        ([placed(), paid()], {"warehouse_id": "w-1"}, False),
        (TWO_LINES, {"sku": "sku-hat"}, True),
        ([*TWO_LINES, refunded(day(1), hat=1)], {"sku": "sku-hat"}, False),
        ([*TWO_LINES, *on_the_way(day(1)), scan("delivered", day(2))], {"sku": "sku-hat"}, False),
        ([*TWO_LINES, shipment(day(1), "s-1", shipped_line("shirt")), scan("delivered", day(2))],
         {"sku": "sku-hat"}, True),
        ([*TWO_LINES, shipment(day(1), "s-1", shipped_line("shirt")), scan("delivered", day(2))],
         {"carrier": "dhl"}, False),
        ([bought(), cancelled(day(1))], {"country": "DE"}, False),
    ],
)  # fmt: skip
def test_who_is_concerned(facts: list[Fact], concern: dict[str, str], concerned: bool) -> None:
    told = story(*facts, about=(disruption(said(day(3)), **concern),))
    assert (frozenset(told.timeline.standing.traits) >= Concern(**concern).traits) is concerned
    told = tell(scan("exception", day(4), "s-9"), account=told.account, until=day(6), policy=PATIENT)
    assert [issue.kind for issue in told.timeline.issues.values()] == [IssueKind.disruption] * concerned


def test_an_order_looks_when_something_is_declared_and_tells_what_staff_said() -> None:
    hoped = {"severity": Severity.notice, "expected_next": "Deliveries", "expected_end_at": day(9)}
    told = story(*HANDED_OVER, about=(disruption(said(day(3), **hoped)),))
    [opened] = told.all(orders.IssueOpened)
    assert (opened.opened_at, opened.known, opened.severity) == (called(day(3)), KNOWN, Severity.notice)
    assert (opened.expected_next, opened.expected_by) == ("Deliveries", day(9))
    assert opened.evidence == {"disruption_id": "d-1", "since": day(3).isoformat()}
    [decision] = decisions_in(told)
    assert (decision.outcome, decision.reason, decision.detail["actor"]) == ("opened", "declared", "care:eve")
    assert "actor" not in str(opened)


def test_nobody_is_told_before_it_begins() -> None:
    told = story(*HANDED_OVER, about=(disruption(said(day(2)), starts_at=day(4)),))
    assert [opened.opened_at for opened in told.all(orders.IssueOpened)] == [called(day(4))]


def test_who_is_concerned_only_later_is_told_then() -> None:
    told = story(bought(), paid(), *on_the_way(day(4)), about=(disruption(said(day(2))),))
    assert [opened.opened_at for opened in told.all(orders.IssueOpened)] == [day(4)]


def test_what_is_different_updates_the_issue() -> None:
    worse = said(day(4), 2, severity=Severity.critical, expected_end_at=day(20))
    told = story(*HANDED_OVER, about=(disruption(said(day(3)), worse),))
    [update] = told.all(orders.IssueUpdated)
    assert update.changed == ("severity", "expected_next", "expected_by")
    assert (update.expected_next, update.expected_by) == ("The end of this disruption", day(20))


ENDED = disruption(said(day(3)), said(day(5), 2, over=Over.ended, actor="care:bob"))
LASTING = disruption(said(day(3)))


@pytest.mark.parametrize(
    ("later", "resolution", "reason"),
    [
        ([scan("delivered", day(4))], "delivered", "delivered"),
        ([cancelled(day(4))], "cancelled", "cancelled"),
        ([refunded(day(4), shirt=1)], "refunded", "refunded"),
        ([replace(shipment(day(4), "s-2", replaces="s-1"), carrier="ups")], "ended", "not_concerned_any_more"),
    ],
)  # fmt: skip
def test_what_ends_it_for_an_order(later: list[Fact], resolution: str, reason: str) -> None:
    told = story(*HANDED_OVER, *later, about=(LASTING,))
    assert disruptions_in(told) == ["opened disruption", f"{resolution} disruption"]
    assert decisions_in(told)[-1].reason == reason


@pytest.mark.parametrize("over", Over)
def test_its_end_is_said_with_who_said_so(over: Over) -> None:
    opened = story(*HANDED_OVER, about=(LASTING,), until=day(4))
    ended = disruption(said(day(3)), said(day(5), 2, over=over, actor="care:bob"))
    _, outcome = fold(PATIENT, with_book(opened.account, ended), call(day(5)))
    [decision] = outcome.decisions
    assert (decision.reason, decision.detail["actor"]) == (over, "care:bob")
    [resolved] = outcome.facts
    assert isinstance(resolved, orders.IssueResolved)
    assert (resolved.resolution, resolved.resolved_at) == ("ended", called(day(5)))


def test_what_is_over_opens_nothing_more_whenever_somebody_looks() -> None:
    assert disruptions_in(story(*HANDED_OVER, about=(ENDED,))) == []


def test_that_the_hoped_for_end_passes_ends_nothing() -> None:
    told = story(*HANDED_OVER, about=(disruption(said(day(3), expected_end_at=day(4))),))
    assert disruptions_in(told) == ["opened disruption"]


def test_one_declaration_is_one_issue_for_ever_and_two_are_two() -> None:
    other = disruption(said(day(3.5), 9), disruption_id="d-2", country="DE")
    back_and_forth = [
        bought(), paid(), *on_the_way(day(1)), scan("returned", day(4)),
        shipment(day(4.5), "s-2", replaces="s-1"), scan("picked_up", day(5), "s-2"),
    ]  # fmt: skip
    told = story(*back_and_forth, about=(LASTING, other))
    assert disruptions_in(told) == ["opened disruption"] * 2


def test_an_erased_customer_has_no_new_issue() -> None:
    assert disruptions_in(story(*HANDED_OVER, erased(day(2)), about=(LASTING,))) == []


def test_a_call_before_and_after_a_fact_opens_the_same_issue() -> None:
    """A fact that is dated before the statement and comes after it sets the very call that others left already."""
    early = tell(*HANDED_OVER, policy=PATIENT)
    called = fold(PATIENT, with_book(early.account, LASTING), call(day(3)))[0]
    late = story(*HANDED_OVER, about=(LASTING,))
    assert called.timelines[ORDER].issues == late.timeline.issues
    assert late.folded.deadlines[ADA, DeadlineKind.disruption_changes, ORDER] is None


def test_a_call_that_comes_again_changes_nothing() -> None:
    opened = story(*HANDED_OVER, about=(LASTING,))
    account, outcome = fold(PATIENT, opened.account, call(day(3)))
    assert (outcome.facts, outcome.decisions) == ((), ())
    assert account.timelines[ORDER].issues == opened.timeline.issues


@pytest.mark.parametrize(
    ("about", "at", "reason"),
    [
        ((), day(4), "nothing_declared"),
        ((disruption(said(day(3)), country="FR"),), day(4), "concerns_others"),
        ((disruption(said(day(3)), starts_at=day(5)),), day(4), "nothing_declared"),
        ((ENDED,), day(6), "nothing_declared"),
        ((LASTING,), day(4), "is_open"),
    ],
)
def test_why_an_order_has_none(about: tuple[Disruption, ...], at: datetime, reason: str) -> None:
    told = story(*HANDED_OVER, about=about, until=at)
    explanation = explained(
        told.timeline, RULE_OF[IssueKind.disruption], at=at, policy=PATIENT, erased_at=None, mornings=Mornings(),
        declared=Book(about),
    )  # fmt: skip
    assert explanation.now.reason == reason


def with_book(account: Account, *disruptions: Disruption) -> Account:
    return replace(account, declared=Book(disruptions))


def call(at: datetime) -> Due:
    """As whoever calls leaves it."""
    return Due(
        customer_id=ADA, kind=DeadlineKind.disruption_changes, subject=ORDER, due_at=called(at), set_by="s-1",
        correlation_id="s-1",
    )  # fmt: skip


def test_a_timeline_without_any_word_on_the_order_has_no_traits() -> None:
    assert Timeline(customer_id=ADA, order_id=ORDER).standing.traits == ()


def test_no_moment_calls_too_many_orders() -> None:
    calls = Counter(spread_of(f"order-{number}") for number in range(100_000))
    assert max(calls) < timedelta(seconds=1)
    assert max(calls.values()) < 10
