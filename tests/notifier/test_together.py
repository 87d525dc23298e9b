"""Several issues within minutes are one message, and what becomes of it becomes of all of them."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from contracts.notifications import MessageFailed, MessageHeld, MessageSent, MessageSuppressed, TellingFailed
from contracts.vocabulary import IssueKind, Severity
from notifier.deliveries import Result
from notifier.messages import Message, State
from notifier.policy import Budget
from tests.notifier.correspondent import POLICY, Life, erased, goodwill, hour, known, opened, resolved, survey
from tests.notifier.test_letters import text_of, written

USUAL = replace(POLICY, group_window=timedelta(minutes=5))
MINUTE = 1 / 60
LATE, LOST, MISSING = IssueKind.delivery_late, IssueKind.lost, IssueKind.item_missing


def two(until: float = 11) -> Life:
    """A late parcel and, two minutes later, a lost one."""
    story = [known(), opened(10), opened(10 + 2 * MINUTE, LOST, severity=Severity.critical, order_id="o2")]
    return Life(story, until=until, policy=USUAL)


def by_issue(life: Life) -> dict[str | None, Message]:
    return {message.issue_id: message for message in life.account.messages.values() if message.kind == "issue_opened"}


def test_an_issue_waits_some_minutes_for_others() -> None:
    life = Life([known(), opened(10)], until=10 + 4 * MINUTE, policy=USUAL)
    assert [(fact.reason, fact.held_until) for fact in life.all(MessageHeld)] == [("gathering", hour(10 + 5 * MINUTE))]
    assert life.live(until=11).told() == [("issue_opened", hour(10 + 5 * MINUTE))]


def test_an_issue_that_has_to_be_told_earlier_is() -> None:
    life = Life([known(), opened(10, told_by=10 + 2 * MINUTE)], until=11, policy=USUAL)
    assert life.told() == [("issue_opened", hour(10 + 2 * MINUTE))]
    assert not life.all(TellingFailed)


def test_what_was_over_before_it_was_told_is_not_told() -> None:
    life = Life([known(), opened(10), resolved(10 + 3 * MINUTE)], until=11, policy=USUAL)
    assert life.told() == []
    assert [fact.reason for fact in life.all(MessageSuppressed)] == ["issue_resolved"]


def test_the_first_ones_window_is_that_of_all_and_the_worst_leads() -> None:
    life = two()
    assert life.told() == [("issue_opened", hour(10 + 5 * MINUTE))]
    leading, other = by_issue(life)["o2-lost"], by_issue(life)["o1-delivery_late"]
    assert (leading.state, other.state, other.inside) == (State.ready, State.joined, leading.message_id)
    assert leading.content["issue_kind"] == "lost"
    assert [(one["issue_kind"], one["order_id"]) for one in leading.content["also"]] == [("delivery_late", "o1")]
    assert all(issue.told for issue in life.account.circumstances.issues.values())
    assert len(life.account.circumstances.lately_said) == 1


def test_the_message_says_all_of_it() -> None:
    leading = by_issue(two())["o2-lost"]
    text = text_of(written(leading))
    assert "reports that your parcel is lost" in text
    assert "Your order should have arrived by now. (Order o1.)" in text
    assert "There is more that you should know." in text
    assert text.count("We are sorry.") == 1


def test_what_waited_for_the_morning_is_one_message_too() -> None:
    life = Life([known(), opened(20.9), opened(22, LOST), opened(26, MISSING)], until=33, policy=USUAL)
    assert life.told() == [("issue_opened", hour(20.9 + 5 * MINUTE)), ("issue_opened", hour(32))]
    assert sorted(message.state for message in by_issue(life).values()) == [State.joined, State.ready, State.ready]


def test_what_opens_after_the_window_is_told_by_itself() -> None:
    life = Life([known(), opened(10), opened(10 + 6 * MINUTE, LOST)], until=11, policy=USUAL)
    assert life.told() == [("issue_opened", hour(10 + 5 * MINUTE)), ("issue_opened", hour(10 + 11 * MINUTE))]


def test_inside_of_another_message_it_takes_no_room_of_its_own() -> None:
    tight = replace(USUAL, budget=Budget(day=2, week=9, day_kept_for_issues=1, week_kept_for_issues=1))
    story = [known(), survey(9), opened(10), opened(10, LOST), opened(10, MISSING)]
    assert len(Life(story, until=11, policy=tight).told()) == 2


def test_however_many_are_told_together_they_leave_room_as_one() -> None:
    night = [opened(22 + number / 10, kind) for number, kind in enumerate((LATE, LOST, MISSING))]
    policy = replace(USUAL, budget=Budget(day=4, week=9, day_kept_for_issues=2, week_kept_for_issues=2))
    for number in range(4):
        life = Life([known(), *night, goodwill(22, f"g{number}")], until=33, policy=policy)
        assert life.kinds_told() == ["goodwill_granted", "issue_opened"]


def test_when_the_message_was_taken_all_of_it_was_told() -> None:
    life = two()
    leading = by_issue(life)["o2-lost"]
    life.report(leading, Result.accepted, 11).report(leading, Result.accepted, 12)
    assert {message.state for message in by_issue(life).values()} == {State.sent}
    assert sorted(fact.issue_id or "" for fact in life.all(MessageSent)) == ["o1-delivery_late", "o2-lost"]
    life.live([resolved(20)], until=21)
    assert life.kinds_told()[-1] == "issue_resolved"


def test_what_was_put_off_is_put_off_together_and_goes_out_together() -> None:
    life = two()
    life.report(by_issue(life)["o2-lost"], Result.deferred, 11)
    assert {message.reason for message in by_issue(life).values()} == {"deferred"}
    assert not any(issue.told for issue in life.account.circumstances.issues.values())
    life.live([resolved(11 + MINUTE / 2)], until=12)
    assert {message.state for message in by_issue(life).values()} == {State.ready, State.suppressed}
    assert "also" not in by_issue(life)["o2-lost"].content


@pytest.mark.parametrize("result", [Result.unknown, Result.stale])
def test_what_may_not_have_arrived_is_decided_again_and_is_one_message_again(result: Result) -> None:
    life = two()
    life.report(by_issue(life)["o2-lost"], result, 11).live(until=12)
    leading, other = by_issue(life)["o2-lost"], by_issue(life)["o1-delivery_late"]
    assert (leading.state, leading.attempts, other.state) == (State.ready, 2, State.joined)
    assert len(leading.content["also"]) == 1


def test_what_was_put_off_goes_out_with_the_next_one_that_is_told() -> None:
    life = Life([known(), opened(10)], until=11, policy=USUAL)
    leading = life.message("issue_opened")
    for at in (11, 11.1, 11.2):  # the third pause is a quarter of an hour
        life.report(life.message("issue_opened"), Result.deferred, at).live(until=at + 0.09)
    life.live([opened(11.21, LOST, severity=Severity.critical, order_id="o2")], until=11.4)
    assert by_issue(life)["o1-delivery_late"].inside == by_issue(life)["o2-lost"].message_id
    assert by_issue(life)["o1-delivery_late"].message_id == leading.message_id


def test_what_was_inside_of_a_refused_message_is_tried_by_itself() -> None:
    life = two()
    life.report(by_issue(life)["o2-lost"], Result.refused, 11).live(until=12)
    other = by_issue(life)["o1-delivery_late"]
    assert (other.state, other.inside) == (State.ready, None)
    life.report(other, Result.refused, 12).live(until=30)
    assert [fact.reason for fact in life.all(MessageFailed)] == ["refused", "refused"]
    assert len(life.all(TellingFailed)) == 2


def test_of_somebody_erased_nothing_stays_inside_of_anything() -> None:
    life = two().live([erased(11)], until=30)
    assert {message.state for message in by_issue(life).values()} == {State.suppressed}
    assert len(life.all(MessageSuppressed)) == 2
