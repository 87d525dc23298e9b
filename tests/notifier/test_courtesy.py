"""Nobody is woken, wherever they live and whatever their clock does; a Sunday in France is a Sunday."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.courtesy import midnight_after, quiet_until
from notifier.kinds import Concern
from notifier.policy import DEFAULT, Policy, Quiet, QuietHours, QuietTable

NIGHT = Quiet(time(21), time(8), ())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "until"),
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
        (Quiet(time(21), time(2, 30), ()), "Europe/Berlin", "2026-03-29T01:59+01:00", "2026-03-29T03:30+02:00"),
        (Quiet(time(21), time(2, 30), ()), "Europe/Berlin", "2026-10-25T02:15+02:00", "2026-10-25T02:30+01:00"),
        # by day, and never
        (Quiet(time(12), time(14), ()), "Europe/Berlin", "2026-03-02T13:00+01:00", "2026-03-02T14:00+01:00"),
        (Quiet(time(8), time(8), ()), "Europe/Berlin", "2026-03-02T03:00+01:00", None),
        # a closed Sunday begins with its midnight and ends with its night; the evening before joins it
        (Quiet(time(21), time(8), ("sunday",)), "Europe/Berlin", "2026-03-07T20:59+01:00", None),
        (Quiet(time(21), time(8), ("sunday",)), "Europe/Berlin", "2026-03-07T22:00+01:00", "2026-03-09T08:00+01:00"),
        (Quiet(time(8), time(8), ("sunday",)), "Europe/Berlin", "2026-03-08T15:00+01:00", "2026-03-09T00:00+01:00"),
        # a closed day at whose end the clock jumps over midnight
        (Quiet(time(8), time(8), ("thursday",)), "Africa/Cairo", "2026-04-23T15:00+02:00", "2026-04-24T01:00+03:00"),
    ],
)
def test_quiet_hours_are_those_of_the_persons_clock(quiet: Quiet, zone: str, now: str, until: str | None) -> None:
    assert quiet_until(quiet, "DE", moment(now), ZoneInfo(zone)) == (until and moment(until))


@pytest.mark.parametrize(
    ("concern", "country", "zone", "now", "until"),
    [
        # France: until ten in the evening, and no advertising on Sundays and public holidays
        ("marketing", "FR", "Europe/Paris", "2026-03-04T21:30+01:00", None),
        ("marketing", "FR", "Europe/Paris", "2026-03-04T22:00+01:00", "2026-03-05T08:00+01:00"),
        ("marketing", "FR", "Europe/Paris", "2026-03-08T12:00+01:00", "2026-03-09T08:00+01:00"),
        ("marketing", "FR", "Europe/Paris", "2026-07-14T12:00+02:00", "2026-07-15T08:00+02:00"),
        # Easter: Saturday evening to Tuesday morning
        ("marketing", "FR", "Europe/Paris", "2026-04-04T22:30+02:00", "2026-04-07T08:00+02:00"),
        ("issue", "FR", "Europe/Paris", "2026-07-14T12:00+02:00", None),
        ("loyalty", "FR", "Europe/Paris", "2026-03-08T12:00+01:00", None),
        # a Sunday in Paris is a Sunday for who lives in France and is abroad, and none for a German in Paris
        ("marketing", "FR", "America/New_York", "2026-03-09T03:30+00:00", "2026-03-09T12:00+00:00"),
        ("marketing", "DE", "Europe/Paris", "2026-03-08T12:00+01:00", None),
        ("marketing", "DE", "Europe/Berlin", "2026-03-04T21:30+01:00", "2026-03-05T08:00+01:00"),
        # the strictest of the United States for advertising, the usual night for what went wrong
        ("marketing", "US", "America/Denver", "2026-03-04T08:30-07:00", "2026-03-04T09:00-07:00"),
        ("issue", "US", "America/Denver", "2026-03-04T08:30-07:00", None),
        # where nothing else is known, and where nobody has holidays on record
        ("survey", None, "Asia/Tokyo", "2026-03-04T21:30+09:00", "2026-03-05T08:00+09:00"),
        ("marketing", "XX", "UTC", "2026-07-14T12:00+00:00", None),
    ],
)
def test_a_country_has_its_own_quiet(concern: str, country: str | None, zone: str, now: str, until: str | None) -> None:
    quiet = DEFAULT.quiet(country, Concern(concern))
    assert quiet_until(quiet, country, moment(now), ZoneInfo(zone)) == (until and moment(until))


@pytest.mark.parametrize(
    ("country", "concern", "hours"),
    [
        ("DE", Concern.issue, (20, 8)),  # the shop's for everybody go over what is usual,
        ("FR", Concern.issue, (20, 8)),  # over what is usual in France,
        ("ES", Concern.issue, (22, 9)),  # and under what the shop says for a country,
        ("ES", Concern.survey, (18, 10)),  # and a concern's own over all of them
        ("DE", Concern.survey, (18, 9)),
    ],
)
def test_what_the_shop_says_goes_over_what_is_usual(country: str, concern: Concern, hours: tuple[int, int]) -> None:
    own = QuietTable(begins=time(20), survey=QuietHours(begins=time(18), ends=time(9)))
    spain = QuietTable(begins=time(22), ends=time(9), survey=QuietHours(ends=time(10)))
    quiet = Policy(quiet_hours=own, countries={"ES": spain}).quiet(country, concern)
    assert (quiet.begins.hour, quiet.ends.hour) == hours


def test_what_could_never_be_said_is_no_policy() -> None:
    always = QuietHours(closed=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday"))
    with pytest.raises(ValueError, match="marketing in FR is closed on every day"):
        Policy(
            countries={
                "FR": QuietTable(closed=("sunday",), marketing=QuietHours(closed=(*(always.closed or ()), "sunday")))
            }
        )
    assert Policy(quiet_hours=QuietTable(marketing=always)).quiet("DE", Concern.marketing).closed == always.closed


MOMENTS = st.integers(1_704_067_200, 1_830_297_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])


@given(MOMENTS, CLOCKS, CLOCKS, ZONES)
def test_a_night_ends_later_than_now_and_within_a_day_or_so(now: datetime, begins: time, ends: time, zone: str) -> None:
    until = quiet_until(Quiet(begins, ends, ()), None, now, ZoneInfo(zone))
    assert until is None or timedelta(0) < until - now <= timedelta(hours=26)


@given(MOMENTS, ZONES, st.sampled_from(["FR", "US", "DE", None]), st.sampled_from(Concern))
def test_when_the_quiet_is_over_it_is_over(now: datetime, zone: str, country: str | None, concern: Concern) -> None:
    quiet = DEFAULT.quiet(country, concern)
    until = quiet_until(quiet, country, now, ZoneInfo(zone))
    assert until is None or quiet_until(quiet, country, until, ZoneInfo(zone)) is None


@given(MOMENTS, ZONES, st.integers(1, 7))
def test_a_day_of_the_calendar_ends_where_the_next_begins(now: datetime, zone: str, days: int) -> None:
    midnight = midnight_after(now, ZoneInfo(zone), days)
    assert midnight.astimezone(ZoneInfo(zone)).date() - now.astimezone(ZoneInfo(zone)).date() >= timedelta(days)
    last = (midnight - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()
    assert last < midnight.astimezone(ZoneInfo(zone)).date()
