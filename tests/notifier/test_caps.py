"""Nobody is written to too often: in the days and weeks of their own calendar, and what matters goes first."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from contracts import Event
from contracts.loyalty import TierLost, TierReached
from contracts.notifications import MessageHeld, TellingFailed
from contracts.vocabulary import IssueKind
from notifier.caps import Full, full
from notifier.circumstances import Circumstances, Said
from notifier.deliveries import Result
from notifier.kinds import Concern
from notifier.messages import Message
from notifier.pauses import PAUSES, spread
from notifier.policy import Budget, Cap, Caps, Policy
from notifier.turns import priority
from tests.notifier.correspondent import ADA, POLICY, Life, confirmed, earned, hour, known, opened, said, survey, tier

BERLIN = ZoneInfo("Europe/Berlin")
TIGHT = Policy(
    budget=Budget(day=4, week=6, day_kept_for_issues=2, week_kept_for_issues=2),
    caps=Caps(survey=Cap(day=1, week=1), loyalty=Cap(day=2, week=3), marketing=Cap(), service=Cap(day=3)),
)
NOON = "2026-03-04T12:00+01:00"  # a Wednesday
MONDAY = "2026-03-09T00:00+01:00"
THURSDAY = "2026-03-05T00:00+01:00"
ISSUE, SERVICE, SURVEY, LOYALTY, MARKETING = Concern
MORNING = "2026-03-04T09:00+01:00"


@pytest.mark.parametrize(
    ("before", "concern", "reason", "until"),
    [
        ([], LOYALTY, None, None),
        ([(LOYALTY, "2026-03-04T09:00+01:00")], LOYALTY, None, None),
        ([(LOYALTY, "2026-03-04T00:00+01:00")] * 2, LOYALTY, "cap_reached", THURSDAY),
        ([(LOYALTY, "2026-03-03T23:59+01:00")] * 2, LOYALTY, None, None),
        ([(LOYALTY, "2026-03-02T00:00+01:00")] * 3, LOYALTY, "cap_reached", MONDAY),
        ([(LOYALTY, "2026-03-01T23:59+01:00")] * 3, LOYALTY, None, None),
        # the longer period decides
        ([(SURVEY, "2026-03-04T09:00+01:00")], SURVEY, "cap_reached", MONDAY),
        # one budget for all: what is kept for issues is theirs, and the rest is everybody's
        ([(LOYALTY, MORNING), (SURVEY, MORNING)], MARKETING, "budget_spent", THURSDAY),
        ([(ISSUE, "2026-03-04T09:00+01:00")] * 2, MARKETING, "budget_spent", THURSDAY),
        ([(ISSUE, "2026-03-04T09:00+01:00")] * 2, LOYALTY, "budget_spent", THURSDAY),
        ([(ISSUE, "2026-03-04T09:00+01:00")] * 3, ISSUE, None, None),
        ([(ISSUE, "2026-03-04T09:00+01:00")] * 4, ISSUE, "budget_spent", THURSDAY),
        ([(ISSUE, "2026-03-02T09:00+01:00")] * 4, MARKETING, "budget_spent", MONDAY),
        # what orders say takes nothing from it and is bound by its own cap alone, where the shop gives it one
        ([(SERVICE, "2026-03-04T09:00+01:00")] * 3, MARKETING, None, None),
        ([(ISSUE, "2026-03-04T09:00+01:00")] * 9, SERVICE, None, None),
        ([(SERVICE, "2026-03-04T09:00+01:00")] * 3, SERVICE, "cap_reached", THURSDAY),
    ],
)  # fmt: skip
def test_what_is_full_is_full_until_its_period_ends(
    before: list[tuple[Concern, str]], concern: Concern, reason: str | None, until: str | None
) -> None:
    told = [Said(one, datetime.fromisoformat(at)) for one, at in before]
    found = full(told, concern, TIGHT, datetime.fromisoformat(NOON), BERLIN)
    assert (found and found.reason) == reason
    assert (found and found.until) == (until and datetime.fromisoformat(until))


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("America/New_York", "2026-03-05T04:00+00:00", "2026-03-05T05:00+00:00"),
        ("Asia/Tokyo", "2026-03-04T15:30+00:00", "2026-03-05T15:00+00:00"),
        # the day on which the clock jumps has 23 hours, the other one 25
        ("Europe/Berlin", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("Europe/Berlin", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
    ],
)
def test_a_day_is_that_of_the_persons_calendar(zone: str, now: str, until: str) -> None:
    moment = datetime.fromisoformat(now)
    found = full([Said(MARKETING, moment)], MARKETING, Policy(caps=Caps(marketing=Cap(day=1))), moment, ZoneInfo(zone))
    assert found == Full("cap_reached", datetime.fromisoformat(until).astimezone(UTC), "day", 1, 1)


def test_what_is_too_much_for_today_is_said_tomorrow_when_the_night_is_over() -> None:
    life = Life([known(), earned(10), earned(11, order_id="o2"), earned(12, order_id="o3")], until=20)
    assert life.kinds_told() == ["points_earned"] * 2
    assert [(fact.reason, fact.held_until) for fact in life.all(MessageHeld)] == [("cap_reached", hour(32))]
    held = [decision for decision in life.decisions if decision.outcome == "held"]
    assert held[0].detail["limit"] == held[0].detail["said"] == 2
    assert held[0].detail["period"] == "day"
    assert life.live(until=33).told()[2:] == [("points_earned", hour(32))]


def test_however_much_was_said_an_issue_is_told_at_once() -> None:
    week = [event for day in range(7) for event in (earned(10 + 24 * day, order_id=f"o{day}"), survey(11 + 24 * day))]
    life = Life([known(), *week, opened(24 * 6 + 12)], until=24 * 6 + 13)
    assert life.told()[-1] == ("issue_opened", hour(24 * 6 + 12))


def test_who_was_told_of_too_many_issues_for_a_day_is_not_told_of_one_more_and_somebody_hears_of_that() -> None:
    troubles = list(IssueKind)[:6]
    life = Life([known(), *(opened(9 + number / 4, kind) for number, kind in enumerate(troubles))], until=20)
    assert life.kinds_told() == ["issue_opened"] * 5
    assert [fact.reason for fact in life.all(MessageHeld)] == ["budget_spent"]
    assert [(fact.issue_id, fact.reason) for fact in life.all(TellingFailed)] == [(f"o1-{troubles[5]}", "budget_spent")]


@pytest.mark.parametrize(("result", "told"), [(Result.accepted, 2), (Result.refused, 3), (Result.unknown, 2)])
def test_only_what_may_have_arrived_counts(result: Result, told: int) -> None:
    life = Life([known(), earned(10), earned(10.5, order_id="o2")], until=11)
    life.report(life.message("points_earned"), result, 11)
    life.live([earned(12, order_id="o3")], until=13)
    ready = [message for message in life.account.messages.values() if message.ready_at is not None]
    assert len(ready) == told


def test_what_could_be_said_at_the_same_moment_is_said_in_the_order_of_importance() -> None:
    """Two may go: whatever their ids, they are the survey and the older of the points."""
    policy = replace(POLICY, budget=Budget(day=4, week=9, day_kept_for_issues=2, week_kept_for_issues=2))
    for number in range(8):
        night = [tier(22), earned(23, order_id=f"a{number}"), earned(22.5, order_id=f"b{number}"), survey(23.5)]
        life = Life([known(), *night], until=33, policy=policy)
        assert life.kinds_told() == ["points_earned", "survey"]
        told = [message for message in life.account.messages.values() if message.ready_at]
        assert {message.subject for message in told} == {"i1", f"b{number}"}
        assert life.live(until=57).kinds_told()[2:] == ["points_earned", "tier_reached"]


def test_what_the_mail_server_put_off_keeps_its_room() -> None:
    policy = replace(POLICY, budget=Budget(day=3, week=9, day_kept_for_issues=2, week_kept_for_issues=2))
    life = Life([known(), survey(10)], until=10.1, policy=policy)
    life.report(life.message("survey"), Result.deferred, 10.2).live([earned(10.21)], until=33)
    assert life.told() == [("survey", life.message("survey").ready_at), ("points_earned", hour(32))]
    assert life.told()[0][1] == hour(10.2) + spread(PAUSES[0], life.message("survey").message_id)


def member(tier_event: Event[TierReached] | None, *later: Event[TierLost]) -> Circumstances:
    events = [event for event in (tier_event, *later) if event is not None]
    return Life([known(), *events], until=30).account.circumstances


def reached(at: float, name: str) -> Event[TierReached]:
    return said(TierReached(customer_id=ADA, occurred_at=hour(at), tier=name, previous="bronze"), at)


def lost(at: float, name: str) -> Event[TierLost]:
    return said(TierLost(customer_id=ADA, occurred_at=hour(at), tier=name, previous="gold"), at)


def test_a_high_tier_goes_first_among_equals_and_an_issue_before_every_tier() -> None:
    life = Life([known(), earned(10), opened(10, IssueKind.lost), confirmed(10)], until=11)
    points, issue, order = (life.message(kind) for kind in ("points_earned", "issue_opened", "order_confirmed"))
    nobody, silver, gold = Circumstances(), member(reached(9, "silver")), member(reached(9, "gold"))

    def place(message: Message, facts: Circumstances) -> int:
        return priority(message, facts, POLICY)

    assert place(points, gold) < place(points, silver) < place(points, nobody)
    assert place(issue, nobody) < place(order, gold) < place(order, nobody) < place(points, gold)
    assert place(points, member(reached(9, "gold"), lost(10, "silver"))) == place(points, silver)
    assert gold.with_tier("silver", hour(8)).tier == "gold"  # heard late
    assert place(points, member(reached(9, "of the shop's own"))) == place(points, nobody)


def test_what_was_said_longer_ago_than_counts_is_forgotten() -> None:
    life = Life([known(), confirmed(10), *(earned(34 + 24 * day, order_id=f"o{day}") for day in range(20))], until=600)
    now = max(one.at for one in life.account.circumstances.lately_said.values())
    assert all(now - one.at <= timedelta(days=9) for one in life.account.circumstances.lately_said.values())
