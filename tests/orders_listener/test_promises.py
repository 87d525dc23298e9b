"""When a promise ends, and when somebody looks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chassis.errors import Rejected
from orders_listener.promises import Promised, end_of, in_words, zone_named

ENDS = [
    ("2026-03-10", "Europe/Berlin", "2026-03-10T23:00:00+00:00"),
    ("2026-07-10", "Europe/Berlin", "2026-07-10T22:00:00+00:00"),
    ("2026-03-28", "Europe/Berlin", "2026-03-28T23:00:00+00:00"),  # the last midnight of winter time
    ("2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00+00:00"),  # a day of 23 hours
    ("2026-10-25", "Europe/Berlin", "2026-10-25T23:00:00+00:00"),  # a day of 25 hours
    ("2026-03-10", "Pacific/Auckland", "2026-03-10T11:00:00+00:00"),
    ("2026-03-10", "America/Los_Angeles", "2026-03-11T07:00:00+00:00"),
    ("2026-04-23", "Africa/Cairo", "2026-04-23T22:00:00+00:00"),  # the next day has no midnight there
    ("2026-03-10T14:30:00+01:00", "America/Los_Angeles", "2026-03-10T13:30:00+00:00"),  # a moment is a moment
    ("2026-03-10T14:30Z", "Europe/Berlin", "2026-03-10T14:30:00+00:00"),
    ("2026-12-31", "Europe/Berlin", "2026-12-31T23:00:00+00:00"),
]


@pytest.mark.parametrize(("promise", "zone", "ends_at"), ENDS)
def test_a_bare_date_ends_at_midnight_where_the_order_goes(promise: str, zone: str, ends_at: str) -> None:
    assert end_of(promise, ZoneInfo(zone)) == datetime.fromisoformat(ends_at)


@pytest.mark.parametrize("promise", ["2026-02-30", "2026-13-01", "9999-12-31", "2026-03-10T25:00:00Z"])
def test_a_date_that_no_calendar_has_is_refused(promise: str) -> None:
    with pytest.raises(Rejected) as refused:
        end_of(promise, ZoneInfo("UTC"))
    assert (refused.value.code, refused.value.blocks) == ("bad_promise", False)


@pytest.mark.parametrize("name", [None, "Mars/Olympus", "Europe", "../etc", "/"])
def test_the_shops_zone_stands_in_for_one_that_is_missing_or_made_up(name: str | None) -> None:
    assert zone_named(name, "Europe/Lisbon") == ZoneInfo("Europe/Lisbon")


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOOKS = [
    (timedelta(days=8), timedelta(0), timedelta(days=6)),
    (timedelta(days=4), timedelta(0), timedelta(days=2)),
    (timedelta(days=3), timedelta(0), timedelta(days=1, hours=12)),  # short promises: half-way
    (timedelta(minutes=40), timedelta(0), timedelta(minutes=20)),
    (timedelta(days=8), timedelta(days=7), timedelta(days=7)),  # nobody looks before we knew
]


@pytest.mark.parametrize(("length", "learned_after", "look_after"), LOOKS)
def test_somebody_looks_two_days_before_or_half_way(
    length: timedelta, learned_after: timedelta, look_after: timedelta
) -> None:
    promise = Promised(text="-", given_at=NOON, learned_at=NOON + learned_after, ends_at=NOON + length)
    assert promise.look_again_at(timedelta(hours=48)) == NOON + look_after


def test_promises_are_worded_as_a_clock_at_the_destination_shows_them() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    bare = Promised(text="2026-03-10", given_at=NOON, learned_at=NOON, ends_at=end_of("2026-03-10", berlin))
    moment = Promised(text="2026-03-10T13:30:00Z", given_at=NOON, learned_at=NOON, ends_at=NOON.replace(day=10))
    assert in_words(bare, berlin) == "10 March 2026"
    assert in_words(moment, berlin) == "10 March 2026, 13:00"
