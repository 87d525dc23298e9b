"""What the shop's closed days teach, how likely a promise is to be missed by that, and when that is enough."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from orders_listener.early_warning.forecasts import (
    FIRST_BAR_MILLI,
    LOWEST_BAR_MILLI,
    Forecast,
    bar,
    forecast,
    late_chance,
    recalibrated,
)
from orders_listener.early_warning.journeys import Journey
from orders_listener.early_warning.snapshots import (
    BINS,
    DECILES,
    Day,
    Forecasts,
    Outcomes,
    Snapshot,
    Tally,
    Transits,
    after,
)
from orders_listener.early_warning.ticks import EARLY, Tick, ticks
from orders_listener.early_warning.weekdays import kind_of
from orders_listener.early_warning.words import reasons
from orders_listener.promises import Promised, end_of
from tests.orders_listener.teaching import PLAN, taught

BERLIN = ZoneInfo("Europe/Berlin")
LEAD = timedelta(hours=48)
MONDAY = date(2026, 3, 2)
THURSDAY, NEXT_MONDAY = MONDAY + timedelta(days=3), MONDAY + timedelta(days=7)
JOURNEY = Journey(
    order_id="o-1", plan=PLAN, country="DE", region="DE", known_on=MONDAY, ship_by_on=THURSDAY, moved_on=MONDAY
)


def promise(
    until: str, *, given: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC), learned: datetime | None = None
) -> Promised:
    return Promised(text=until, given_at=given, learned_at=learned or given, ends_at=end_of(until, BERLIN))


def looks(promised: Promised, lead: timedelta = LEAD) -> list[tuple[str, int]]:
    return [(f"{tick.at.astimezone(BERLIN):%d %H:%M}", tick.stage) for tick in ticks(promised, BERLIN, lead)]


# --- when somebody looks ---

DAILY = [("05 20:00", EARLY), ("06 20:00", EARLY), ("07 20:00", EARLY), ("08 20:00", 0), ("09 20:00", 1)]


@pytest.mark.parametrize(
    ("promised", "expected"),
    [
        (promise("2026-03-10"), DAILY),
        (promise("2026-03-10T20:30:00+01:00"), DAILY),
        (promise("2026-03-10T19:30:00+01:00"),
         [("04 20:00", EARLY), ("05 20:00", EARLY), ("06 20:00", EARLY), ("07 20:00", 0), ("08 20:00", 1)]),
        (promise("2026-03-10", learned=datetime(2026, 3, 8, 12, tzinfo=UTC)), DAILY[3:]),
        (promise("2026-03-10", learned=datetime(2026, 3, 9, 22, tzinfo=UTC)), []),
        (promise("2026-03-04"), []),
        (promise("2026-03-02T09:40:00+00:00"), []),
    ],
)  # fmt: skip
def test_looks_are_in_the_evening_of_the_destination_and_keep_the_lead(
    promised: Promised, expected: list[tuple[str, int]]
) -> None:
    assert looks(promised) == expected


def test_a_look_is_at_eight_also_when_the_clock_changes() -> None:
    given = datetime(2026, 3, 20, 9, tzinfo=UTC)
    assert [at for at, _ in looks(promise("2026-03-31", given=given))][-3:] == ["28 20:00", "29 20:00", "30 20:00"]


def test_another_lead_moves_the_look_that_decides() -> None:
    assert looks(promise("2026-03-12"), timedelta(days=3))[-2:] == [("09 20:00", 0), ("10 20:00", 1)]


# --- how likely it is ---


def chance(snapshot: Snapshot, *, on: int = 4, until: int = 6, **changes: object) -> float:
    """To come late after day `until`, looked at on day `on` after the Monday."""
    journey = structs.replace(JOURNEY, **changes)
    return late_chance(snapshot, journey, MONDAY + timedelta(days=on), MONDAY + timedelta(days=until))


def test_the_chance_is_the_product_of_the_days_left() -> None:
    flat = taught(chances=(), later=0.5)
    assert chance(flat, on=7, until=8) == pytest.approx(0.5, abs=0.02)
    assert chance(flat, on=7, until=10) == pytest.approx(0.125, abs=0.02)


@pytest.mark.parametrize(
    ("likelier", "than"),
    [
        (chance(taught(), until=5), chance(taught(), until=8)),  # fewer days left
        (chance(taught(), on=8, until=10), chance(taught(), on=2, until=4)),  # older than such parcels get
        (chance(taught(), moved_on=None), chance(taught())),  # not handed over
        (chance(taught(), moved_on=None), chance(taught(), moved_on=None, ship_by_on=NEXT_MONDAY)),  # and overdue there
        (
            chance(taught(sundays=True), on=5, until=6),
            chance(taught(sundays=True), on=4, until=5),
        ),  # only a Sunday left
        (chance(taught(slow_since=43)), chance(taught())),  # nothing has been coming lately
    ],
)
def test_what_makes_a_promise_likelier_to_be_missed(likelier: float, than: float) -> None:
    assert likelier > than + 0.02


def test_a_holiday_is_a_sunday() -> None:
    assert (kind_of(date(2026, 12, 25), "DE"), kind_of(date(2026, 12, 25), "")) == (6, 4)
    assert kind_of(date(2026, 3, 3), "ZZ") == 1


def test_a_lane_of_which_little_is_known_is_like_all_the_others() -> None:
    known = taught(later=0.4)
    assert known.chance("plan 09", "BR-AM", 10) == pytest.approx(known.chance(PLAN, "DE", 10), abs=0.01)


def test_the_order_of_rows_teaches_the_same() -> None:
    transits = [Transits(f"plan 0{n % 4}", f"R{n % 3}", "DE", n, 10 + n, n % 7) for n in range(20)]
    one = after(taught(), Day(day=date(2026, 3, 1), transits=tuple(transits)))
    other = after(taught(), Day(day=date(2026, 3, 1), transits=tuple(reversed(transits))))
    assert one == other


def test_pace_forgets_and_curves_do_not() -> None:
    slow, recovered = taught(slow_since=43), taught(slow_since=43)
    for number in range(30):
        usual = Transits(PLAN, "DE", "DE", 1, 100, 50)
        recovered = after(recovered, Day(day=date(2026, 3, 1) + timedelta(days=number), transits=(usual,)))
    assert slow.pace("DE") < 0.7 < 0.9 < recovered.pace("DE") < 1.2
    assert recovered.curves["all"].at_risk[5] == slow.curves["all"].at_risk[5]


# --- how likely is enough ---


def lately(*raw_milli: int, known: int = 0, late: int = 0) -> Tally:
    """Ten forecasts of each chance; of every tenth `known` outcomes, `late` of them late."""
    bins = [0] * BINS
    for each in raw_milli:
        bins[each * BINS // 1000] += 10_000
    return Tally(bins, [known] * DECILES, [late] * DECILES)


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (None, FIRST_BAR_MILLI),
        (lately(700), FIRST_BAR_MILLI),  # ten forecasts are not enough
        (lately(610, 710, 810, 910), 710),
        (lately(810, 820, 910, 910), 820),  # a season in which everything is late
        (lately(50, 70, 90, 110), LOWEST_BAR_MILLI),  # a shop that is hardly ever late
    ],
)
def test_the_bar_finds_its_share_of_what_is_expected_late(tally: Tally | None, expected: int) -> None:
    assert bar(tally, 0.77) == pytest.approx(expected, abs=20)


@pytest.mark.parametrize(("a_day", "remembered"), [(0.2, 20), (3, 37.5)])
def test_a_shop_that_looks_at_few_orders_does_not_forget_faster_than_it_learns(a_day: float, remembered: float) -> None:
    """Half of what was forecast is forgotten in about eight days, unless fewer than twenty would be left."""
    learned = Snapshot()
    for number in range(300):
        looked_at = int((number + 1) * a_day) - int(number * a_day)
        made = (Forecasts(0, 610, looked_at),) if looked_at else ()
        learned = after(learned, Day(day=MONDAY + timedelta(days=number), forecasts=made))
    assert sum(learned.tallies[0].lately_milli) == pytest.approx(remembered * 1_000, rel=0.05)
    assert bar(learned.tallies[0], 0.77) == pytest.approx(610, abs=20)


def test_a_chance_is_shown_as_what_became_of_such_forecasts() -> None:
    assert recalibrated(None, 800) == 800
    assert recalibrated(lately(known=1_000, late=600), 850) == pytest.approx(600, abs=5)
    assert 600 < recalibrated(lately(known=10, late=6), 850) < 850


def look(stage: int = 0) -> Tick:
    at = datetime(2026, 3, 8, 19, tzinfo=UTC)
    return Tick(at=at, on=MONDAY + timedelta(days=6), promised_on=MONDAY + timedelta(days=8), stage=stage)


def forecast_of(snapshot: Snapshot, stage: int = 0) -> Forecast:
    made = forecast(JOURNEY, look(stage), snapshot, ends_at=datetime(2026, 3, 10, 23, tzinfo=UTC), caught=0.77)
    assert made is not None
    return made


def test_before_the_last_look_only_who_is_nearly_sure_speaks() -> None:
    likely = taught(later=0.08)
    assert forecast_of(likely).warns
    assert not forecast_of(likely, EARLY).warns
    assert forecast_of(taught(later=0), EARLY).warns


def test_a_shop_that_has_seen_little_says_nothing() -> None:
    young = after(Snapshot(), Day(day=MONDAY, transits=(Transits(PLAN, "DE", "DE", 1, 50, 29),)))
    assert forecast(JOURNEY, look(), young, ends_at=datetime(2026, 3, 10, 23, tzinfo=UTC), caught=0.77) is None


# --- and in words ---


def said_of(snapshot: Snapshot, **changes: object) -> list[str]:
    return [reason.words for reason in reasons(structs.replace(JOURNEY, **changes), forecast_of(snapshot), snapshot)]


def test_a_warning_says_why() -> None:
    assert said_of(taught()) == ["parcels with this plan are usually there by now"]
    assert said_of(taught(), moved_on=None) == ["it should have been handed to the carrier 3 days ago"]
    slow = taught(slow_since=43, region="DE-BY")
    assert said_of(slow, region="DE-BY")[1].startswith("BY is being delivered to at 0.")


def test_a_percentage_is_said_only_after_enough_came_true() -> None:
    outcome = Outcomes(0, forecast_of(taught()).raw_milli, 1, 1)
    few = after(taught(), Day(day=MONDAY, outcomes=(outcome,), forecasts=(Forecasts(0, 800, 1),)))
    assert not any("in 100" in reason for reason in said_of(few))
    many = taught(outcomes=(outcome,))
    assert said_of(many)[-1].startswith("of such orders 9")
