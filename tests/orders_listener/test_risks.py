"""Who is warned before a promise breaks, once the shop's closed days have taught something."""

from datetime import timedelta

from contracts import orders
from orders_listener.accounts import Account, Patron
from orders_listener.early_warning.snapshots import Snapshot
from orders_listener.watch import DeadlineKind
from tests.orders_listener.shop import ADA, ORDER, PATIENT, Told, day, on_the_way, paid, placed, scan, tell
from tests.orders_listener.teaching import mornings, taught

RISK = "opened delivery_at_risk"
THE_LOOK = day(6, 10)
"""Eight in the evening of the 8th of March, 52 hours before the promise ends."""


def told(snapshot: Snapshot, *facts: object, **more: object) -> Told:
    account = Account(patron=Patron(customer_id=ADA), mornings=mornings(snapshot))
    return tell(placed(), paid(), *facts, account=account, until=day(8), policy=PATIENT, **more)


def test_a_parcel_that_is_usually_there_by_now_is_warned_of() -> None:
    found = told(taught(), *on_the_way(day(0)), scan("in_transit", day(5)))
    [opened] = found.all(orders.IssueOpened)
    assert (opened.kind, opened.opened_at) == ("delivery_at_risk", THE_LOOK)
    assert opened.evidence["because"] == "parcels with this plan are usually there by now"
    assert opened.evidence["reasons"] == "usually_there"
    assert opened.known.endswith("will probably come later: parcels with this plan are usually there by now.")


def test_the_decision_names_the_numbers_that_it_used() -> None:
    found = told(taught(), *on_the_way(day(0)))
    [opened] = [decision for decision in found.decisions if decision.outcome == "opened"]
    assert (opened.reason, opened.version) == ("likely_late", "patient of 2026-02-28")
    assert opened.detail["raw_milli"] >= opened.detail["bar_milli"]


def test_who_will_probably_come_in_time_is_not_warned_of_though_nobody_has_scanned_it() -> None:
    found = told(taught(later=0.6), *on_the_way(day(0)))
    assert found.troubles == []
    [spared] = found.decisions
    assert (spared.subject, spared.outcome, spared.reason) == (ORDER, "not_opened", "likely_in_time")
    assert spared.detail["raw_milli"] < spared.detail["bar_milli"]


def test_nobody_is_warned_of_a_parcel_at_the_door() -> None:
    found = told(taught(), *on_the_way(day(0)), scan("out_for_delivery", day(5)))
    assert (found.troubles, [d.reason for d in found.decisions]) == ([], ["out_for_delivery"])


def test_who_is_nearly_sure_speaks_on_the_first_evening_and_only_once() -> None:
    found = told(taught(later=0), *on_the_way(day(0)))
    assert [opened.opened_at for opened in found.all(orders.IssueOpened)] == [day(4, 10)]


def test_who_was_not_warned_is_looked_at_once_more_a_day_before() -> None:
    last_day_is_slow = taught((0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.6), 0.3)
    found = told(last_day_is_slow, *on_the_way(day(0)))
    assert [d.reason for d in found.decisions if d.outcome == "not_opened"] == ["likely_in_time"]
    assert [opened.opened_at for opened in found.all(orders.IssueOpened)] in ([], [THE_LOOK + timedelta(days=1)])
    assert found.deadlines[DeadlineKind.promise_ends] == day(8, 14)
    assert DeadlineKind.risk_check not in found.deadlines


def test_while_nothing_is_known_the_plain_rule_holds_at_the_same_moment() -> None:
    found = told(Snapshot(), *on_the_way(day(0)))
    [opened] = found.all(orders.IssueOpened)
    assert (opened.opened_at, opened.known) == (
        THE_LOOK,
        "Your order is promised by 10 March 2026, and the carrier has not scanned the parcel since 2 March 2026.",
    )


def test_every_look_is_remembered_to_learn_from() -> None:
    found = told(taught(), *on_the_way(day(0)))
    rows = [row for outcome in found.outcomes for row in outcome.rows if hasattr(row, "raw_milli")]
    assert [row.stage for row in rows] == [-1, -1, -1, 0, 1]
