"""Every form of time that providers write is one moment, one promise, or nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.moments import EARLIEST, LATEST
from orders_listener.ingest.moments import moment_of, promise_of


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]  # a date and as much of a time as wanted


READ: list[tuple[object, datetime | None, str | None]] = [
    ("2026-03-10", utc(2026, 3, 10), "2026-03-10"),
    ("2026-03-10T14:05:00", utc(2026, 3, 10, 14, 5), "2026-03-10"),
    ("2026-03-10 14:05:00", utc(2026, 3, 10, 14, 5), "2026-03-10"),
    ("2026-03-10T14:05:00Z", utc(2026, 3, 10, 14, 5), "2026-03-10T14:05:00Z"),
    ("2026-03-10T14:05:00+08:00", utc(2026, 3, 10, 6, 5), "2026-03-10T06:05:00Z"),
    ("2026-03-10 14:05:00 -0300", utc(2026, 3, 10, 17, 5), "2026-03-10T17:05:00Z"),
    ("2026-03-10T14:05Z", utc(2026, 3, 10, 14, 5), "2026-03-10T14:05:00Z"),
    ("2026-03-10T14:05:00.5Z", utc(2026, 3, 10, 14, 5, 0, 500_000), "2026-03-10T14:05:00.500000Z"),
    ("2026-03-10T14:05:00.123456789Z", utc(2026, 3, 10, 14, 5, 0, 123_456), "2026-03-10T14:05:00.123456Z"),
    ("2026-03-10T00:00:00Z", utc(2026, 3, 10), "2026-03-10"),
    ("2026-03-10T00:00:00.000+02:00", utc(2026, 3, 9, 22), "2026-03-10"),
    (1_773_151_500, utc(2026, 3, 10, 14, 5), "2026-03-10T14:05:00Z"),
    ("1773151500", utc(2026, 3, 10, 14, 5), "2026-03-10T14:05:00Z"),
    (None, None, None),
    ("", None, None),
    (" ", None, None),
    (0, None, None),
    (True, None, None),
    ("0000-00-00 00:00:00", None, None),
    ("2026-02-30", None, None),
    ("2026-03-10T25:00:00Z", None, None),
    ("2026-03-10T14:05:00+99:99", None, None),
    ("1999-12-31", None, None),
    ("9999-12-31T23:59:59-14:00", None, None),
    ("yesterday", None, None),
    (float("inf"), None, None),
]


@pytest.mark.parametrize(("written", "moment", "promise"), READ)
def test_a_time_is_read(written: object, moment: datetime | None, promise: str | None) -> None:
    assert (moment_of(written), promise_of(written)) == (moment, promise)


@given(st.text() | st.integers() | st.floats())
def test_nothing_that_is_written_breaks_the_reader(written: object) -> None:
    moment = moment_of(written)
    assert moment is None or EARLIEST <= moment < LATEST
    assert (promise_of(written) is None) == (moment is None)


@given(st.integers(1_000_000_000, 4_000_000_000), st.integers(-14, 14))
def test_the_offset_is_honoured(seconds: int, hours: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    there = (moment + timedelta(hours=hours)).replace(tzinfo=None)
    assert moment_of(f"{there.isoformat()}{hours:+03}:00") == moment
