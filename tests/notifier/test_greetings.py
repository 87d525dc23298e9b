"""A birthday is greeted once a year, on the person's own day, if they want it, and never while something is wrong."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from contracts.past import past_correlation
from contracts.vocabulary import Purpose
from notifier.app import application
from notifier.greetings import birthday_after, day_in
from notifier.people import zone_of
from notifier.policy import Greetings
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import (
    ADA,
    BERLIN,
    POLICY,
    START,
    Life,
    a_year_ago,
    consent,
    erased,
    hour,
    known,
    opened,
    resolved,
)

A_DAY, A_YEAR = 24.0, 365 * 24.0
WEDNESDAY = date(1988, 3, 4)
"""Two days after the Monday with which the tests begin."""
WANTED = consent(Purpose.marketing, 0, given=True)


def born(day: date | None = WEDNESDAY, at: float = 1, zone: str = BERLIN) -> Any:
    return known(at, birthday=day, zone=zone)


def greeted(life: Life) -> list[datetime]:
    """When a greeting was decided to be sent."""
    return [at for kind, at in life.told() if kind in ("birthday", "anniversary") and at]


@pytest.mark.parametrize(
    ("birthday", "zone", "moment", "expected"),
    [
        (date(1988, 3, 4), BERLIN, "2026-03-02T00:00+01:00", "2026-03-04T09:00+01:00"),
        (date(1988, 3, 4), BERLIN, "2026-03-04T08:59+01:00", "2027-03-04T09:00+01:00"),
        (date(1988, 3, 1), BERLIN, "2026-03-02T00:00+01:00", "2027-03-01T09:00+01:00"),
        (date(1988, 3, 4), "Pacific/Auckland", "2026-03-02T00:00+01:00", "2026-03-04T09:00+13:00"),
        (date(1988, 3, 4), "America/Los_Angeles", "2026-03-02T00:00+01:00", "2026-03-04T09:00-08:00"),
        (
            date(1988, 1, 1),
            "Pacific/Auckland",
            "2026-12-31T10:00+00:00",
            "2027-01-01T09:00+13:00",
        ),
        (date(1988, 2, 29), BERLIN, "2026-01-01T00:00+01:00", "2026-02-28T09:00+01:00"),
        (date(1988, 2, 29), BERLIN, "2028-01-01T00:00+01:00", "2028-02-29T09:00+01:00"),
        (date(1988, 3, 29), BERLIN, "2026-03-28T12:00+01:00", "2026-03-29T09:00+02:00"),
    ],
)
def test_the_next_birthday_is_on_the_persons_own_day_and_clock(
    birthday: date, zone: str, moment: str, expected: str
) -> None:
    found = birthday_after(birthday, datetime.fromisoformat(moment), zone_of(zone) or START.tzinfo, Greetings())  # type: ignore[arg-type]  # the zone is known
    assert found == datetime.fromisoformat(expected)


@pytest.mark.parametrize(("leap_day", "kept"), [("february_28", date(2027, 2, 28)), ("march_1", date(2027, 3, 1))])
def test_who_was_born_on_29_february_is_greeted_when_the_shop_says(leap_day: Any, kept: date) -> None:
    greetings = Greetings(leap_day=leap_day)
    assert day_in(date(1988, 2, 29), 2027, greetings) == kept
    assert day_in(date(1988, 2, 29), 2028, greetings) == date(2028, 2, 29)


def test_a_birthday_is_greeted_at_nine_and_again_in_a_year() -> None:
    life = Life([WANTED, born()], until=3 * A_YEAR)
    assert greeted(life) == [hour(2 * A_DAY + 9 + year * A_YEAR + (24 if year == 2 else 0)) for year in (0, 1, 2)]


def test_only_who_said_yes_to_marketing_is_greeted() -> None:
    life = Life([born()], until=3 * A_DAY)
    assert (life.message("birthday").state, life.message("birthday").reason) == ("suppressed", "consent_withdrawn")


def test_a_birthday_that_is_said_on_the_day_is_greeted_at_once_and_once() -> None:
    life = Life([WANTED, born(at=50)], until=51)
    assert life.kinds_told() == []  # two in the morning
    life.live([born(at=62, zone="Europe/Paris"), born(None, at=63), born(at=64)], until=80)
    assert greeted(life) == [hour(57)]
    assert greeted(Life([WANTED, born(at=60)], until=80)) == [hour(60)]


@pytest.mark.parametrize("other", [date(1988, 3, 5), date(1988, 3, 4), date(1970, 12, 24)])
def test_a_birthday_that_is_changed_again_and_again_is_greeted_once_a_year(other: date) -> None:
    life = Life([WANTED, born(), born(other, at=70), born(WEDNESDAY, at=80), born(other, at=81)], until=340 * A_DAY)
    assert greeted(life) == [hour(57)]


def test_who_corrects_the_last_day_of_the_year_to_the_first_was_greeted_already() -> None:
    eve = (date(2026, 12, 31) - date(2026, 3, 2)).days * A_DAY
    life = Life([WANTED, born(date(1988, 12, 31)), born(date(1988, 1, 1), at=eve + 12)], until=eve + 40 * A_DAY)
    assert [at.astimezone(zone_of(BERLIN)).date() for at in greeted(life)] == [date(2026, 12, 31)]


def test_a_birthday_that_is_forgotten_is_not_greeted() -> None:
    assert greeted(Life([WANTED, born(), born(None, at=5)], until=A_YEAR)) == []
    life = Life([WANTED, born(), erased(5)], until=A_YEAR)
    assert (life.account.messages, life.waiting) == ({}, {})


def test_while_something_is_wrong_nobody_is_greeted_and_too_late_is_never() -> None:
    soon = [WANTED, born(), opened(30), resolved(40)]
    assert greeted(Life(soon, until=6 * A_DAY)) == [hour(64)]  # a day after it was over, still on the next day
    late = Life([WANTED, born(), opened(30), resolved(70)], until=6 * A_DAY)
    assert greeted(late) == []
    assert (late.message("birthday").state, late.message("birthday").reason) == ("suppressed", "expired")


def test_an_imported_past_greets_nobody() -> None:
    past = past_correlation(hour(60), "import")
    imported = [
        replace(event, correlation_id=past)
        for event in (consent(Purpose.marketing, 60, given=True), born(at=60), a_year_ago(60))
    ]
    life = Life(imported, until=80)
    assert greeted(life) == []
    assert {decision.reason for decision in life.decisions if decision.outcome == "not_told"} == {"past"}
    assert len(greeted(life.live(until=60 + A_YEAR))) == 1


@pytest.mark.parametrize(("zone", "at"), [(BERLIN, 33), ("America/Los_Angeles", 42), ("Pacific/Auckland", 24)])
def test_the_anniversary_of_the_first_order_is_greeted_in_the_morning_of_that_day(zone: str, at: float) -> None:
    life = Life([WANTED, known(1, zone=zone), a_year_ago(24, years=2)], until=60)
    assert greeted(life) == [hour(at)]
    assert life.message("anniversary").content["years"] == 2
    assert greeted(life.again([a_year_ago(24, years=2)]).live(until=90)) == [hour(at)]


def test_a_shop_that_greets_nobody_leaves_a_word_why() -> None:
    policy = replace(POLICY, greetings=Greetings(birthday=False, anniversary=False))
    life = Life([WANTED, born(), a_year_ago(24)], until=A_YEAR, policy=policy)
    assert life.account.messages == {}
    assert [decision.reason for decision in life.decisions] == ["greetings_off", "greetings_off"]
    assert ("greet", "birthday") in life.waiting


async def test_a_greeting_outlives_a_restart_and_is_not_said_again(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application, CLOCK="simulated")
    assert not (await runtime.fold([WANTED, born()], until=hour(58))).refused
    again = await runtime.fold([born(at=60, zone="Europe/Paris"), a_year_ago(61)], until=hour(100))
    assert not again.refused
    repeated = await runtime.fold([a_year_ago(101)], until=hour(130))
    assert not repeated.refused
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select kind, subject, state from messages order by kind"))
        assert [tuple(row) for row in rows] == [("anniversary", "1", "ready"), ("birthday", "2026", "ready")]
        due = await tx.execute(text("select customer_id, due_at from deadlines where kind = 'greet'"))
        assert [tuple(row) for row in due] == [(ADA, hour(57) + timedelta(days=365))]
