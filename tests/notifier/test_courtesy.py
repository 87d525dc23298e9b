"""Nobody is woken, wherever they live and whatever their clock does."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.courtesy import QuietHours

NIGHT = QuietHours(time(21), time(8))
BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("hours", "zone", "now", "until"),
    [
        (NIGHT, "Europe/Berlin", "2026-03-02T12:00:00+01:00", None),
        (NIGHT, "Europe/Berlin", "2026-03-02T20:59:59+01:00", None),
        (NIGHT, "Europe/Berlin", "2026-03-02T21:00:00+01:00", "2026-03-03T08:00:00+01:00"),
        (NIGHT, "Europe/Berlin", "2026-03-03T07:59:59+01:00", "2026-03-03T08:00:00+01:00"),
        (NIGHT, "Europe/Berlin", "2026-03-03T08:00:00+01:00", None),
        (NIGHT, "America/New_York", "2026-03-02T12:00:00+00:00", "2026-03-02T13:00:00+00:00"),
        # the night in which the clock jumps from two to three is an hour shorter, the other one an hour longer
        (NIGHT, "Europe/Berlin", "2026-03-28T22:00:00+01:00", "2026-03-29T08:00:00+02:00"),
        (NIGHT, "Europe/Berlin", "2026-10-24T22:00:00+02:00", "2026-10-25T08:00:00+01:00"),
        # quiet hours that end in the hour that does not exist, and in the one that comes twice
        (QuietHours(time(21), time(2, 30)), "Europe/Berlin", "2026-03-29T01:59:00+01:00", "2026-03-29T03:30:00+02:00"),
        (QuietHours(time(21), time(2, 30)), "Europe/Berlin", "2026-10-25T02:15:00+02:00", "2026-10-25T02:30:00+01:00"),
        # by day, and never
        (QuietHours(time(12), time(14)), "Europe/Berlin", "2026-03-02T13:00:00+01:00", "2026-03-02T14:00:00+01:00"),
        (QuietHours(time(8), time(8)), "Europe/Berlin", "2026-03-02T03:00:00+01:00", None),
    ],
)
def test_quiet_hours_are_those_of_the_persons_clock(hours: QuietHours, zone: str, now: str, until: str | None) -> None:
    assert hours.end(moment(now), ZoneInfo(zone)) == (until and moment(until))


MOMENTS = st.integers(1_704_067_200, 1_830_297_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])


@given(MOMENTS, CLOCKS, CLOCKS, ZONES)
def test_quiet_hours_end_later_than_now_and_within_a_day_or_so(
    now: datetime, begins: time, ends: time, zone: str
) -> None:
    until = QuietHours(begins, ends).end(now, ZoneInfo(zone))
    assert until is None or timedelta(0) < until - now <= timedelta(hours=26)


@given(MOMENTS, ZONES)
def test_when_the_night_is_over_it_is_over(now: datetime, zone: str) -> None:
    until = NIGHT.end(now, ZoneInfo(zone))
    assert until is None or NIGHT.end(until, ZoneInfo(zone)) is None
