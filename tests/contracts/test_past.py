"""What was only imported can be told from news, wherever it has come to."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.past import is_past, past_correlation

AT = datetime(2026, 3, 20, 10, 0, 0, 400_000, tzinfo=UTC)


def test_what_is_said_until_the_moment_is_past_and_what_comes_later_is_news() -> None:
    identity = past_correlation(AT, "event-1")
    assert is_past(identity, AT)
    assert is_past(identity, AT - timedelta(days=400))
    assert not is_past(identity, AT + timedelta(seconds=1))


@pytest.mark.parametrize(
    "identity", ["event-1", "past:", "past:soon:event-1", "orders:past:2026-03-20T10:00:00Z:1", ""]
)
def test_any_other_id_is_of_news(identity: str) -> None:
    assert not is_past(identity, AT)


def test_an_id_is_never_too_long() -> None:
    assert len(past_correlation(AT, "x" * 255)) == 255
    assert is_past(past_correlation(AT, "x" * 255), AT)
