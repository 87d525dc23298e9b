"""What customers chose goes over the shop's manners, as far as those leave them a choice."""

from datetime import time, timedelta

import pytest
from msgspec.structs import replace

from notifier.people import Hours
from notifier.policy import Cap, Caps, QuietHours, QuietTable
from tests.notifier.correspondent import POLICY, Life, confirmed, earned, hour, known, opened, resolved

AT_ANY_HOUR = Hours(time(0), time(0))
AFTERNOON = Hours(time(12), time(18))
LONG_NIGHT = Hours(time(20), time(10))
SUNDAY, MONDAY = 6 * 24, 7 * 24
"""In hours after the midnight of the story's first Monday."""
CLOSED_SUNDAYS = replace(
    POLICY,
    quiet_hours=QuietTable(
        loyalty=QuietHours(begins=time(19), ends=time(9), closed=("sunday",)), issue=QuietHours(begins=time(23))
    ),
)


@pytest.mark.parametrize(
    ("own", "at", "told"),
    [
        (None, 20, 24 + 9),
        (LONG_NIGHT, 19.5, 19.5),  # also where the policy has other hours for points than for the rest
        (LONG_NIGHT, 20.5, 24 + 10),
        (AFTERNOON, 3, 3),
        (AFTERNOON, 13, 18),
        (AT_ANY_HOUR, 3, 3),
        # on days that are closed nobody is written to, at whatever hour they would like it
        (AT_ANY_HOUR, SUNDAY + 15, MONDAY),
        (AFTERNOON, SUNDAY + 15, MONDAY),
        (LONG_NIGHT, SUNDAY + 15, MONDAY + 10),
        (LONG_NIGHT, SUNDAY - 2, MONDAY + 10),
        (None, SUNDAY + 15, MONDAY + 9),
    ],
)
def test_ones_own_hours_go_over_the_policys_and_closed_days_hold(own: Hours | None, at: float, told: float) -> None:
    life = Life([known()], policy=CLOSED_SUNDAYS).choose(0, quiet_hours=own)
    life.live([earned(at)], until=MONDAY + 48)
    assert life.told() == [("points_earned", hour(told))]


def test_what_is_told_in_the_next_day_waits_for_the_end_of_ones_own_night_too() -> None:
    one_a_day = replace(POLICY, caps=Caps(loyalty=Cap(day=1)))
    life = Life([known()], policy=one_a_day).choose(0, quiet_hours=LONG_NIGHT)
    life.live([earned(11), earned(12, order_id="o2")], until=48)
    assert life.told() == [("points_earned", hour(11)), ("points_earned", hour(24 + 10))]


def test_an_issue_gathers_others_after_ones_own_night_has_ended() -> None:
    gathering = replace(POLICY, group_window=timedelta(minutes=5))
    life = Life([known()], policy=gathering).choose(0, quiet_hours=AFTERNOON)
    life.live([opened(17.99), opened(22)], until=24)
    assert life.told() == [("issue_opened", hour(17.99) + timedelta(minutes=5))]


def test_a_pause_holds_points_and_no_order_and_is_the_reason_that_is_given() -> None:
    life = Life([known()]).choose(0, paused_until=hour(60))
    life.live([confirmed(9), opened(9), earned(9)], until=10)
    assert sorted(life.kinds_told()) == ["issue_opened", "order_confirmed"]
    assert life.message("points_earned").reason == "paused"
    life.live([resolved(58)], until=61)
    assert (life.message("points_earned").reason, life.message("points_earned").held_until) == (
        "after_issue", hour(58 + 24),
    )  # fmt: skip
    life.live(until=83)
    assert life.told()[-1] == ("points_earned", hour(82))


def test_a_pause_that_outlasts_the_news_says_so() -> None:
    life = Life([known()]).choose(0, paused_until=hour(24 * 30))
    life.live([earned(9)], until=24 * 8)
    assert (life.message("points_earned").state, life.message("points_earned").reason) == ("suppressed", "expired")
