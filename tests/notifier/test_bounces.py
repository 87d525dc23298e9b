"""What follows from a mail that comes back: for the message, for the address, and for what is said next."""

from typing import Any

import pytest

from chassis.items import Command
from contracts.notifications import MessageBounced, MessageSuppressed, PreferenceChanged, TellingFailed
from contracts.vocabulary import Channel, IssueKind, Purpose
from notifier.bounces import Arrived, Bounced, Complained
from notifier.deliveries import Result
from notifier.messages import Message, State
from notifier.statuses import Weight
from notifier.suppressions import Lifted, Reach, SoftBounce, Suppression
from tests.notifier.correspondent import ADA, Life, confirmed, delivered, earned, erased, hour, known, opened, survey


def told(*events: Any, until: float = 12) -> Life:
    """A life in which everything that was decided was handed over."""
    life = Life([known(), *events], until=until)
    return hand_over(life, until)


def hand_over(life: Life, at: float) -> Life:
    for message in [one for one in life.account.messages.values() if one.state is State.ready]:
        life.report(message, Result.accepted, at)
    return life


def returned(life: Life, message: Message, at: float, report: Any) -> Life:
    identity = f"{message.message_id}-{type(report).__name__}-{at}"
    command: Command[Any] = Command(
        id=identity, at=hour(at), customer_id=ADA, data=report, actor="mail", correlation_id=identity
    )
    return life._fold([command], hour(0))


def bounce(life: Life, at: float, weight: Weight = Weight.hard, kind: str = "order_confirmed") -> Life:
    message = life.message(kind)
    reason = {Weight.hard: "mailbox_unknown", Weight.soft: "mailbox_full", Weight.ours: "blocked"}[weight]
    report = Bounced(message_id=message.message_id, weight=weight, reason=reason, code="5.1.1", via="mail")
    return returned(life, message, at, report)


def test_to_an_address_that_does_not_exist_nothing_more_is_written() -> None:
    life = bounce(told(confirmed(10)), 13)
    assert life.message("order_confirmed").state is State.failed
    life.live([opened(14)], until=15)
    assert (life.message("issue_opened").state, life.message("issue_opened").reason) == (
        State.suppressed, "suppressed_address",
    )  # fmt: skip
    assert [fact.reason for fact in life.all(MessageSuppressed)] == ["suppressed_address"]


def test_it_is_said_once_that_a_mail_came_back_and_how() -> None:
    life = bounce(told(confirmed(10)), 13)
    bounce(life, 14)
    assert [(fact.hard, fact.reason) for fact in life.all(MessageBounced)] == [(True, "mailbox_unknown")]
    assert life.duplicates == 1


def test_a_bounce_that_is_faster_than_the_report_of_the_sending_counts() -> None:
    life = Life([known(), opened(10, told_by=14)], until=11)
    life.report(bounce(life, 11, kind="issue_opened").message("issue_opened"), Result.accepted, 11.1)
    assert life.message("issue_opened").state is State.failed
    life.live(until=15)
    assert [failed.reason for failed in life.all(TellingFailed)] == ["bounced"]


def test_a_new_address_of_the_customer_is_free() -> None:
    life = bounce(told(confirmed(10)), 13)
    life.live([known(14, email="ada@new.example"), opened(15)], until=16)
    assert life.message("issue_opened").state is State.ready


def test_the_bounce_of_a_mail_to_an_older_address_spares_the_new_one() -> None:
    life = told(confirmed(10)).live([known(12.5, email="ada@new.example")], until=12.6)
    bounce(life, 13).live([opened(14)], until=15)
    assert life.message("issue_opened").state is State.ready


def test_of_an_issue_whose_mail_came_back_the_care_team_hears() -> None:
    life = bounce(told(opened(10, told_by=14)), 13, kind="issue_opened")
    assert life.all(TellingFailed) == []
    life.live(until=15)
    [failed] = life.all(TellingFailed)
    assert (failed.reason, failed.occurred_at) == ("bounced", hour(14))


def test_of_an_issue_that_cannot_be_told_the_care_team_hears() -> None:
    life = bounce(told(confirmed(9)), 10).live([opened(11, told_by=13)], until=14)
    assert [failed.reason for failed in life.all(TellingFailed)] == ["suppressed_address"]


def test_what_went_out_inside_of_a_mail_came_back_with_it() -> None:
    issues = [opened(10, IssueKind.damaged, told_by=13), opened(10, IssueKind.item_missing, told_by=14)]
    life = told(*issues)
    leading = next(one for one in life.account.messages.values() if one.inside is None)
    report = Bounced(message_id=leading.message_id, weight=Weight.hard, reason="mailbox_unknown", via="mail")
    returned(life, leading, 12.5, report).live(until=15)
    assert len(life.all(MessageBounced)) == 2
    assert {failed.issue_id for failed in life.all(TellingFailed)} == {"o1-damaged", "o1-item_missing"}


@pytest.mark.parametrize("times", [4, 5])
def test_an_address_that_fails_for_now_rests_when_it_has_failed_often(times: int) -> None:
    life = told(*(confirmed(8.5 + number / 10, order_id=f"o{number}") for number in range(times)))
    for number, message in enumerate(list(life.account.messages.values())):
        report = Bounced(message_id=message.message_id, weight=Weight.soft, reason="mailbox_full", via="mail")
        returned(life, message, 13 + number / 10, report)
        returned(life, message, 13 + number / 10, report)
    life.live([opened(14), earned(14)], until=15)
    state = State.suppressed if times == 5 else State.ready
    assert life.message("issue_opened").state is state
    life.live([earned(14 + 31 * 24, order_id="later")], until=14 + 31 * 24 + 1)
    assert life.message("points_earned").reason != "suppressed_address"


def test_soft_bounces_of_long_ago_do_not_count() -> None:
    life = told(*(confirmed(8.5 + number / 10, order_id=f"o{number}") for number in range(5)))
    for number, message in enumerate(list(life.account.messages.values())):
        report = Bounced(message_id=message.message_id, weight=Weight.soft, reason="mailbox_full", via="mail")
        returned(life, message, 13 + number * 24 * 4, report)
    life.live([earned(13 + 24 * 17)], until=13 + 24 * 17 + 1)
    assert life.message("points_earned").reason != "suppressed_address"


def test_a_mail_that_arrives_makes_up_for_those_that_did_not() -> None:
    life = told(*(confirmed(8.5 + number / 10, order_id=f"o{number}") for number in range(6)))
    messages = list(life.account.messages.values())
    for message in messages[:4]:
        report = Bounced(message_id=message.message_id, weight=Weight.soft, reason="mailbox_full", via="mail")
        returned(life, message, 13, report)
    returned(life, messages[5], 14, Arrived(message_id=messages[5].message_id, via="postmark"))
    report = Bounced(message_id=messages[4].message_id, weight=Weight.soft, reason="mailbox_full", via="mail")
    returned(life, messages[4], 15, report).live([opened(16)], until=17)
    assert life.message("issue_opened").state is State.ready


def test_who_does_not_want_us_has_an_address_all_the_same() -> None:
    life = bounce(told(confirmed(10)), 13, Weight.ours).live([opened(14)], until=15)
    assert life.message("order_confirmed").state is State.failed
    assert life.message("issue_opened").state is State.ready


@pytest.mark.parametrize(
    ("code", "state"), [("550 5.1.1", State.suppressed), ("550 5.7.1", State.ready), ("550", State.ready)]
)
def test_a_never_at_sending_feeds_the_same_list(code: str, state: State) -> None:
    life = Life([known(), confirmed(10)], until=11)
    life.report(life.message("order_confirmed"), Result.refused, 11, code).live([opened(12)], until=13)
    assert life.message("issue_opened").state is state


def test_who_complains_hears_of_their_orders_and_nothing_else() -> None:
    life = told(confirmed(9), earned(10))
    message = life.message("points_earned")
    returned(life, message, 13, Complained(message_id=message.message_id, kind="abuse", via="mail"))
    assert {fact.purpose for fact in life.all(PreferenceChanged)} == {
        Purpose.loyalty, Purpose.survey, Purpose.marketing,
    }  # fmt: skip
    consent = life.account.person.consents["email:loyalty"]
    assert (consent.given, consent.evidence) == (
        False, f"complaint (abuse) about message {message.message_id}, passed on by mail",
    )  # fmt: skip
    life.live([delivered(14), survey(15), opened(16, told_by=18)], until=17)
    assert life.message("survey").reason == "complained"
    assert life.message("issue_opened").state is State.ready


def test_who_complained_under_another_account_is_spared_too_unless_they_say_yes() -> None:
    life = told(earned(10))
    message = life.message("points_earned")
    returned(life, message, 13, Complained(message_id=message.message_id, kind="abuse", via="mail"))
    book = life.account.addresses
    other = Life([known()], until=9)
    other.account = other.account.__class__(customer_id=ADA, person=other.account.person, addresses=book)
    other.live([earned(14, order_id="o2")], until=15)
    assert other.message("points_earned").reason == "complained"
    other.choose(16, wanted={Channel.email: {Purpose.loyalty: False}})
    other.choose(17, wanted={Channel.email: {Purpose.loyalty: True}})
    other.live([earned(18, order_id="o3")], until=19)
    assert other.message("points_earned").state is State.ready


def test_a_report_about_somebody_who_was_forgotten_leaves_nothing() -> None:
    life = told(confirmed(10)).live([erased(12.5)], until=12.6)
    rows = len(life.facts)
    bounce(life, 13)
    assert len(life.facts) == rows
    assert not life.account.addresses.suppressions


def test_rows_of_addresses_name_nobody() -> None:
    life = bounce(told(confirmed(10)), 13)
    [suppression] = life.account.addresses.suppressions.values()
    written = [
        suppression,
        SoftBounce(suppression.address_hash, "m", hour(1)),
        Lifted(suppression.address_hash, hour(1)),
    ]
    assert suppression.reach is Reach.everything
    assert isinstance(suppression, Suppression)
    assert "ada" not in str(written).replace(life.message("order_confirmed").message_id, "")
