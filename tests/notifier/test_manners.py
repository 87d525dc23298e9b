"""Whatever happens to somebody, however much of it and wherever they live: they are treated with courtesy.

Judged by what was said and when, with a clock and a calendar of its own.
"""

import re
from collections import Counter
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts import Event
from contracts.notifications import MessageSuppressed
from contracts.vocabulary import IssueKind, Severity
from notifier.kinds import KINDS, Concern
from notifier.messages import Message, State
from notifier.people import Hours
from notifier.policy import Budget, Cap, Caps, Policy, QuietHours, QuietTable
from notifier.sending import REMEDIES
from tests.notifier.correspondent import (
    Life,
    confirmed,
    delivered,
    earned,
    goodwill,
    hour,
    known,
    opened,
    resolved,
    shipped,
    survey,
    tier,
)
from tests.sources import ROOT

END = 2_000.0
DAYS = 33 * 24  # from the second of March: over the change of the clock in America and in Europe
TIGHT = Policy(
    version="tight",
    quiet_hours=QuietTable(
        begins=time(20), issue=QuietHours(closed=("sunday",)),
        loyalty=QuietHours(closed=("saturday", "sunday", "public_holidays")),
    ),
    budget=Budget(day=3, week=6, day_kept_for_issues=1, week_kept_for_issues=3),
    caps=Caps(loyalty=Cap(day=1, week=2), survey=Cap(week=1), service=Cap(day=2)),
)  # fmt: skip
POLICIES = st.sampled_from([Policy(), TIGHT, replace(TIGHT, group_window=timedelta(0))])
HOURS = st.integers(1, DAYS * 60).map(lambda minutes: minutes / 60)
ORDERS = st.sampled_from(["o1", "o2", "o3"])
EVENTS = st.one_of(
    st.builds(confirmed, HOURS, ORDERS),
    st.builds(shipped, HOURS, ORDERS),
    st.builds(delivered, HOURS, ORDERS),
    st.builds(lambda at, order_id: earned(at, order_id=order_id), HOURS, ORDERS),
    st.builds(survey, HOURS),
    st.builds(goodwill, HOURS),
    st.builds(tier, HOURS),
    st.builds(
        lambda at, kind, order_id, severity: opened(at, kind, order_id=order_id, severity=severity),
        HOURS, st.sampled_from(IssueKind), ORDERS, st.sampled_from(Severity),
    ),
    st.builds(resolved, HOURS, st.sampled_from(IssueKind)),
)  # fmt: skip
PLACES = st.sampled_from(
    [("Europe/Paris", "FR"), ("Europe/Berlin", "DE"), ("America/Denver", "US"), ("Asia/Tokyo", None), ("UTC", "XX")]
)
OWN = st.sampled_from([None, Hours(time(18), time(10)), Hours(time(12), time(14)), Hours(time(0), time(0))])
PAUSED_DAYS = st.sampled_from([0, 9])


@given(st.lists(EVENTS, max_size=30), PLACES, POLICIES, OWN, PAUSED_DAYS)
def test_nobody_is_disturbed_or_flooded_and_every_silence_has_a_reason(
    events: list[Event[Any]], place: tuple[str, str | None], policy: Policy, own: Hours | None, paused_days: int
) -> None:
    zone, country = place
    life = Life([known(zone=zone, country=country)], policy=policy)
    life.choose(0, quiet_hours=own, paused_until=hour(24 * paused_days)).live(events, until=END)
    messages = list(life.account.messages.values())
    leading = [message for message in messages if message.state is State.ready]
    for message in leading:
        _is_not_quiet(message, policy, own, ZoneInfo(zone), country)
        _is_not_in_the_pause(message, paused_days)
    _is_not_too_much(leading, policy, ZoneInfo(zone))
    for message in messages:
        _has_an_outcome(message, life)


def _is_not_quiet(message: Message, policy: Policy, own: Hours | None, zone: ZoneInfo, country: str | None) -> None:
    assert message.ready_at is not None
    local, quiet = message.ready_at.astimezone(zone), policy.quiet(country, message.rules.concern)
    begins, ends = (own.begins, own.ends) if own else (quiet.begins, quiet.ends)
    over_midnight = begins > ends
    awake = ends <= local.time() < begins if over_midnight else not begins <= local.time() < ends
    assert awake, f"{message.kind} at {local}"
    assert f"{local:%A}".lower() not in quiet.closed, f"{message.kind} at {local}"
    good_friday = "public_holidays" in quiet.closed and country == "DE" and local.date() == date(2026, 4, 3)
    assert not good_friday, f"{message.kind} on a public holiday"


def _is_not_in_the_pause(message: Message, paused_days: int) -> None:
    assert message.ready_at is not None
    about_orders = message.rules.concern in (Concern.issue, Concern.service)
    assert about_orders or message.ready_at >= hour(24 * paused_days), f"{message.kind} at {message.ready_at}"


def _is_not_too_much(leading: list[Message], policy: Policy, zone: ZoneInfo) -> None:
    days, weeks = Counter[tuple[Any, str]](), Counter[tuple[Any, str]]()
    for message in leading:
        assert message.ready_at is not None
        local, concern = message.ready_at.astimezone(zone), message.rules.concern
        for counted in {str(concern), "all" if concern is not Concern.service else "service"}:
            days[local.date(), counted] += 1
            weeks[local.isocalendar()[:2], counted] += 1
    for period, counts in (("day", days), ("week", weeks)):
        for (_, counted), number in counts.items():
            limit = getattr(policy.budget, period) if counted == "all" else policy.cap(Concern(counted), period)
            assert limit is None or number <= limit, f"{number} of {counted} in a {period}"


def _has_an_outcome(message: Message, life: Life) -> None:
    assert message.state in (State.ready, State.joined, State.suppressed)
    decided = [decision for decision in life.decisions if decision.subject == message.message_id]
    assert decided[-1].outcome == ("not_told" if message.state is State.suppressed else "told")
    if message.state is State.suppressed:
        assert decided[-1].reason == message.reason
        assert decided[-1].detail["remedy"]
        assert [fact.reason for fact in life.all(MessageSuppressed) if fact.message_id == message.message_id] == [
            message.reason
        ]


def test_every_reason_stands_in_the_readme_with_what_would_change_it() -> None:
    page = (ROOT / "services" / "notifier" / "README.md").read_text(encoding="utf-8")
    table = page.partition("## Reasons")[2].partition("## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    explained = {reason for row in rows for reason in re.findall(r"`(\w+)`", row[1])}
    assert set(REMEDIES) - explained == set()
    told = {reason for row in rows for reason in re.findall(r"`(\w+)`", row[1]) if row[2].strip() == "told"}
    decided_again = {"unknown", "stale"}
    assert explained - told - decided_again - set(REMEDIES) == set()


def test_every_decision_against_a_message_says_what_would_have_changed_it() -> None:
    policy = replace(TIGHT, group_window=timedelta(minutes=5))
    story = [
        known(),
        confirmed(22),
        *(earned(10 + one, order_id=f"o{one}") for one in range(3)),
        opened(34),
        survey(35),
    ]
    life = Life(story, until=37, policy=policy)
    against = [decision for decision in life.decisions if decision.outcome in ("held", "not_told")]
    assert {decision.reason for decision in against} == {"quiet_hours", "cap_reached", "gathering", "issue_open"}
    assert all(decision.detail["remedy"] == REMEDIES[decision.reason] for decision in against)
    assert {decision.version for decision in life.decisions} == {"tight"}


def test_every_kind_belongs_to_a_concern_and_only_what_went_wrong_is_an_issue() -> None:
    assert {name for name, kind in KINDS.items() if kind.concern is Concern.issue} == {
        "issue_opened", "issue_worse", "issue_resolved"
    }  # fmt: skip


def test_of_all_that_waits_for_the_morning_the_most_important_is_decided_first_and_as_of_the_morning() -> None:
    life = Life([known(), tier(22), confirmed(23), opened(23, order_id="o2")], until=24)
    waiting = sorted((due.due_at, life.account.messages[subject].kind)
                     for (kind, subject), due in life.waiting.items() if kind == "send")  # fmt: skip
    assert [kind for _, kind in waiting][:2] == ["issue_opened", "order_confirmed"]
    assert waiting[0][0] == hour(32) < waiting[1][0] < hour(32.001)
    life.live(until=33)
    assert life.message("order_confirmed").ready_at == life.message("issue_opened").ready_at == hour(32)
