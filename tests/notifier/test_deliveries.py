"""What follows from what the mail server said of a message."""

from datetime import datetime
from typing import Any

import pytest

from chassis.errors import NotFound
from chassis.items import Command
from contracts import Event
from contracts.notifications import MessageFailed, MessageHeld, MessageSent, TellingFailed
from notifier.correspondence import Correspondence
from notifier.deliveries import Delivered, Result, on_delivered
from notifier.messages import State
from notifier.pauses import PAUSES
from tests.notifier.correspondent import ADA, POLICY, Life, confirmed, erased, hour, known, opened, resolved


def ready(*events: Event[Any], kind: str = "order_confirmed") -> Life:
    life = Life([known(), *events], until=11)
    assert life.message(kind).state is State.ready
    return life


def hours_of(moment: datetime | None) -> float:
    assert moment is not None
    return (moment - hour(0)).total_seconds() / 3600


def test_what_the_server_took_is_sent_once() -> None:
    life = ready(confirmed(10))
    message = life.message("order_confirmed")
    life.report(message, Result.accepted, 10).report(message, Result.accepted, 11)
    assert life.message("order_confirmed").state is State.sent
    assert [fact.occurred_at for fact in life.all(MessageSent)] == [hour(10)]
    assert life.duplicates == 1


def test_not_now_means_later_and_everything_is_looked_at_again() -> None:
    life = ready(opened(10), kind="issue_opened")
    life.report(life.message("issue_opened"), Result.deferred, 10)
    assert [fact.reason for fact in life.all(MessageHeld)] == ["deferred"]
    life.live([resolved(10.01)], until=12)
    assert life.message("issue_opened").reason == "issue_resolved"
    assert life.told() == []


def test_a_server_that_never_takes_it_is_given_up_and_the_care_team_hears_of_it() -> None:
    life, at = ready(opened(10, told_by=14), kind="issue_opened"), 10.0
    for pause in PAUSES:
        life.report(life.message("issue_opened"), Result.deferred, at)
        at += pause.total_seconds() / 3600
        life.live(until=at + 12)  # nights included
        at = hours_of(life.message("issue_opened").ready_at)
    life.report(life.message("issue_opened"), Result.deferred, at, code="451 4.3.0")
    life.live(until=at + 1)
    assert [(fact.reason, fact.detail) for fact in life.all(MessageFailed)] == [("gave_up", "451 4.3.0")]
    assert [fact.reason for fact in life.all(TellingFailed)] == ["deferred"]


def test_an_address_that_does_not_exist_is_said_to_the_care_team_when_the_time_to_tell_has_passed() -> None:
    life = ready(opened(10, told_by=14), kind="issue_opened")
    life.report(life.message("issue_opened"), Result.refused, 10, code="550 5.1.1")
    assert [(fact.reason, fact.detail) for fact in life.all(MessageFailed)] == [("refused", "550 5.1.1")]
    assert not life.all(TellingFailed)
    life.live([resolved(20)], until=30)
    assert [(fact.reason, fact.occurred_at) for fact in life.all(TellingFailed)] == [("refused", hour(14))]
    assert life.told() == []


def test_a_refusal_after_the_time_to_tell_is_said_at_once() -> None:
    life = ready(opened(10, told_by=14), kind="issue_opened").live(until=15)
    life.report(life.message("issue_opened"), Result.refused, 15).live(until=16)
    assert [fact.occurred_at for fact in life.all(TellingFailed)] == [hour(15)]


def test_nobody_knows_whether_it_arrived_so_only_an_issue_is_said_again() -> None:
    life = ready(opened(10), confirmed(10), kind="issue_opened")
    for kind in ("issue_opened", "order_confirmed"):
        life.report(life.message(kind), Result.unknown, 10.1)
    life.live(until=11)
    assert (life.message("issue_opened").state, life.message("issue_opened").attempts) == (State.ready, 2)
    assert life.message("order_confirmed").state is State.unknown


def test_what_lay_too_long_is_decided_again() -> None:
    life = ready(confirmed(10))
    life.report(life.message("order_confirmed"), Result.stale, 22).live(until=23)
    assert life.message("order_confirmed").reason == "quiet_hours"


@pytest.mark.parametrize(("result", "state"), [(Result.accepted, State.sent), (Result.deferred, State.suppressed)])
def test_what_was_in_hand_when_the_customer_was_erased_is_told_as_it_was(result: Result, state: State) -> None:
    life = ready(confirmed(10))
    in_hand = life.message("order_confirmed")
    life.live([erased(11)], until=12).report(in_hand, result, 12)
    assert life.message("order_confirmed").state is state


def test_a_report_about_nothing_is_refused() -> None:
    report = Delivered(message_id="nothing", attempt=1, result=Result.accepted)
    command = Command(id="1", at=hour(1), customer_id=ADA, data=report, actor="notifier", correlation_id="1")
    with pytest.raises(NotFound):
        on_delivered(Correspondence(customer_id=ADA), command, POLICY)
