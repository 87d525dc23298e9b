"""What is said to a customer, when, and what is better left unsaid."""

from typing import Any

import pytest
from msgspec.structs import replace

from contracts import Event
from contracts.notifications import MessageHeld, MessageSuppressed, TellingFailed
from contracts.orders import Resolution
from contracts.vocabulary import IssueKind, Purpose, Severity
from notifier.deliveries import Result
from notifier.messages import State
from tests.notifier.correspondent import (
    Life,
    cancelled,
    confirmed,
    consent,
    delivered,
    earned,
    erased,
    goodwill,
    hour,
    known,
    opened,
    resolved,
    shipped,
    survey,
    tier,
    worsened,
)


def test_every_fact_of_an_order_is_told_once_and_at_once() -> None:
    life = Life([known(), confirmed(10), shipped(34), delivered(58), delivered(59)], until=72)
    assert life.told() == [
        ("order_confirmed", hour(10)),
        ("order_shipped", hour(34)),
        ("order_delivered", hour(58)),
    ]
    assert life.duplicates == 1


def test_a_parcel_that_came_days_ago_is_no_news() -> None:
    life = Life([known(), confirmed(10), replace(delivered(58), time=hour(58 + 73))], until=200)
    assert life.message("order_delivered").reason == "expired"
    assert Life([known(), confirmed(10), replace(delivered(58), time=hour(58 + 71))], until=200).told()[1:] == [
        ("order_delivered", hour(58 + 71))
    ]


def test_nobody_is_woken_and_the_morning_brings_what_the_night_held() -> None:
    life = Life([known(), confirmed(22)], until=24)
    held = life.message("order_confirmed")
    assert (held.state, held.reason, held.held_until) == (State.held, "quiet_hours", hour(32))
    assert [fact.held_until for fact in life.all(MessageHeld)] == [hour(32)]
    assert life.live(until=33).told() == [("order_confirmed", hour(32))]
    assert [(decision.outcome, decision.reason) for decision in life.decisions] == [
        ("held", "quiet_hours"),
        ("told", "allowed"),
    ]


def test_the_shops_night_counts_where_the_customers_zone_is_unknown() -> None:
    assert Life([known(zone=None), confirmed(22)], until=24).message("order_confirmed").state is State.held
    assert Life([known(zone="America/New_York"), confirmed(22)], until=24).told() == [("order_confirmed", hour(22))]


def test_a_critical_issue_wakes_nobody_either_and_is_told_in_time_at_the_end_of_the_night() -> None:
    life = Life([known(), opened(22, severity=Severity.critical, told_by=26)], until=33)
    assert life.told() == [("issue_opened", hour(32))]
    assert not life.all(TellingFailed)


def test_what_was_solved_over_night_is_not_told_in_the_morning() -> None:
    life = Life([known(), opened(22), resolved(30)], until=48)
    assert life.told() == []
    assert [(fact.kind, fact.reason) for fact in life.all(MessageSuppressed)] == [("issue_opened", "issue_resolved")]
    assert not life.all(TellingFailed)


def test_the_end_is_told_to_whom_the_beginning_was_told() -> None:
    assert Life([known(), opened(10), resolved(12)], until=24).kinds_told() == ["issue_opened", "issue_resolved"]


def test_an_issue_that_a_worse_one_took_over_has_no_end_of_its_own() -> None:
    at_risk, absorbed = IssueKind.delivery_at_risk, Resolution.absorbed
    life = Life([known(), opened(10, at_risk), opened(14), resolved(14, at_risk, absorbed)], until=24)
    assert life.kinds_told() == ["issue_opened", "issue_opened"]


def test_one_message_says_that_the_late_parcel_has_come() -> None:
    life = Life([known(), opened(10), delivered(12), resolved(12)], until=24)
    assert life.kinds_told() == ["issue_opened", "issue_resolved"]
    assert life.message("order_delivered").reason == "told_with_resolution"


def test_only_what_is_worse_is_told_again() -> None:
    life = Life([known(), opened(10), worsened(11, Severity.serious), worsened(12, Severity.critical)], until=24)
    assert life.kinds_told() == ["issue_opened", "issue_worse"]
    assert ("not_told", "no_worse") in [(decision.outcome, decision.reason) for decision in life.decisions]


def test_what_got_worse_over_night_is_told_once_in_the_morning_as_it_is_then() -> None:
    life = Life([known(), opened(22), worsened(23, Severity.critical)], until=33)
    assert life.kinds_told() == ["issue_opened"]
    assert life.message("issue_opened").content["severity"] == "critical"


def test_nobody_is_asked_or_cheered_while_something_is_wrong() -> None:
    life = Life([known(), opened(9), survey(10), earned(10), tier(10), goodwill(11)], until=20)
    assert life.kinds_told() == ["issue_opened", "goodwill_granted"]
    assert {fact.reason for fact in life.all(MessageHeld)} == {"issue_open"}
    assert life.live([resolved(36)], until=37).kinds_told()[2:] == ["issue_resolved"]
    assert {fact.reason for fact in life.all(MessageHeld)} == {"issue_open", "after_issue"}
    assert sorted(life.live(until=61).kinds_told()[3:]) == ["points_earned", "survey", "tier_reached"]
    assert {at for _, at in life.told()[3:]} == {hour(60)}


def test_an_issue_that_nobody_was_told_of_needs_no_rest_after_it() -> None:
    life = Life([known(), opened(22), resolved(30), survey(31)], until=33)
    assert life.told() == [("survey", hour(32))]


def test_of_a_promise_somebody_is_warned_once_and_of_the_next_one_again() -> None:
    first, second, third = warning(10, 1, 96), warning(34, 2, 96), warning(58, 3, 144)
    life = Life([known(), first, calm(first, 20), second, calm(second, 44), third], until=80)
    assert [at for kind, at in life.told() if kind == "issue_opened"] == [hour(10), hour(58)]
    assert [fact.reason for fact in life.all(MessageSuppressed)] == ["warned_already"]
    assert [kind for kind in life.kinds_told() if kind == "issue_resolved"] == ["issue_resolved"]
    assert not life.all(TellingFailed)


def test_a_warning_that_did_not_arrive_is_no_warning() -> None:
    first, second = warning(10, 1, 96), warning(34, 2, 96)
    life = Life([known(), first], until=11)
    life.report(life.message("issue_opened"), Result.refused, 11)
    assert life.live([second], until=40).told() == [("issue_opened", hour(34))]


def warning(at: float, number: int, promised: float) -> Event[Any]:
    """The promise of order o1 is in danger, in an issue of that number."""
    event = opened(at, IssueKind.delivery_at_risk)
    data = replace(event.data, issue_id=f"risk{number}", promised_by=hour(promised))
    return replace(event, id=f"warning{number}", data=data)


def calm(warned: Event[Any], at: float) -> Event[Any]:
    """It is in danger no longer."""
    event = resolved(at, IssueKind.delivery_at_risk, Resolution.moved)
    data = replace(event.data, issue_id=warned.data.issue_id, promised_by=warned.data.promised_by)
    return replace(event, id=f"calm-{warned.id}", data=data)


def test_a_survey_that_waited_too_long_is_not_sent() -> None:
    life = Life([known(), opened(9), survey(10, expires=48)], until=100)
    assert life.message("survey").reason == "expired"


@pytest.mark.parametrize(
    ("purpose", "untold"),
    [
        (Purpose.survey, ["survey"]),
        (Purpose.loyalty, ["points_earned"]),
        (Purpose.service, ["order_confirmed"]),
        (Purpose.marketing, []),
    ],
)
def test_consent_withdrawn_before_sending_is_obeyed(purpose: Purpose, untold: list[str]) -> None:
    life = Life([known(), consent(purpose, 9), confirmed(10), survey(10), earned(10)], until=20)
    assert [fact.kind for fact in life.all(MessageSuppressed)] == untold


def test_consent_withdrawn_over_night_is_obeyed_in_the_morning() -> None:
    assert Life([known(), survey(22), consent(Purpose.survey, 23)], until=40).told() == []


@pytest.mark.parametrize(
    ("overtaken", "reason"),
    [([confirmed(22), cancelled(23)], "order_cancelled"), ([shipped(22), delivered(31)], "delivered_meanwhile")],
)
def test_what_events_have_overtaken_is_not_said(overtaken: list[Event[Any]], reason: str) -> None:
    life = Life([known(), *overtaken], until=40)
    assert [fact.reason for fact in life.all(MessageSuppressed)] == [reason]


def test_a_message_waits_for_an_address_and_goes_out_when_it_comes() -> None:
    life = Life([confirmed(10)], until=11)
    assert life.message("order_confirmed").reason == "waiting_for_contact"
    assert life.live([known(12)], until=13).told() == [("order_confirmed", hour(12))]


def test_an_issue_that_nobody_could_be_told_of_in_time_is_said_to_the_care_team_once() -> None:
    life = Life([opened(10, told_by=14)], until=15)
    assert [(fact.reason, fact.occurred_at) for fact in life.all(TellingFailed)] == [("no_contact", hour(14))]
    assert life.message("issue_opened").state is State.suppressed
    assert len(life.live([known(16), opened(17)], until=40).all(TellingFailed)) == 1


def test_a_customer_who_wants_no_service_mail_is_called_instead() -> None:
    life = Life([known(), consent(Purpose.service, 1), opened(10)], until=20)
    assert [fact.reason for fact in life.all(TellingFailed)] == ["consent_withdrawn"]


def test_an_issue_told_too_late_to_be_in_time_is_told_all_the_same() -> None:
    life = Life([known(), opened(10, told_by=9)], until=20)
    assert life.told() == [("issue_opened", hour(10))]
    assert not life.all(TellingFailed)


def test_a_log_that_begins_in_the_middle_of_an_issue_tells_it() -> None:
    assert Life([known(), worsened(10, Severity.critical)], until=20).kinds_told() == ["issue_opened"]
    assert Life([known(), resolved(10)], until=20).told() == []


def test_who_is_erased_is_not_written_to_and_not_known() -> None:
    life = Life([known(), confirmed(22), opened(22), erased(23), known(24), delivered(34), opened(35)], until=60)
    assert life.told() == []
    assert {fact.reason for fact in life.all(MessageSuppressed)} == {"erased"}
    assert (life.account.person.email, life.account.circumstances.issues) == (None, {})
    assert not life.all(TellingFailed)
    assert not life.waiting


def test_an_order_without_points_is_no_news() -> None:
    assert Life([known(), earned(10, points=0)], until=20).told() == []
