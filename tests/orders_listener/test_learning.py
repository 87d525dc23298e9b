"""What a day showed, on a real database: the same as counting journeys one by one."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from orders_listener import learning
from orders_listener.early_warning.forecasts import Forecast
from orders_listener.early_warning.journeys import Journey
from orders_listener.early_warning.mornings import open_from
from orders_listener.early_warning.snapshots import Day, Snapshot, after
from tests.orders_listener.shop import day as moment
from tests.orders_listener.shop import on_the_way, paid, placed, said
from tests.orders_listener.teaching import taught, teach
from tests.running import rows

FIRST = date(2026, 3, 2)
DAYS = 30


def on(number: int) -> date:
    return FIRST + timedelta(days=number)


def some_journeys(seed: int, number: int = 400) -> list[Journey]:
    """Orders with handovers before and after they are known, cancellations, and some that never arrive."""
    chance = random.Random(seed)
    found = []
    for place in range(number):
        known = chance.randrange(DAYS)
        moved = known + chance.randrange(-1, 8) if chance.random() < 0.9 else None
        ended = (moved or known) + chance.randrange(15) if chance.random() < 0.85 else None
        found.append(
            Journey(
                order_id=f"o{place}",
                plan=f"plan 0{chance.randrange(3)}",
                country="DE",
                region=chance.choice(["DE-BY", "DE-BE"]),
                known_on=on(known),
                ship_by_on=on(known + chance.randrange(6)),
                promised_on=on(known + 10),
                moved_on=on(moved) if moved is not None else None,
                moved_known_on=on(max(moved, known) + chance.choice([0, 0, 3])) if moved is not None else None,
                ended_on=on(ended) if ended is not None else None,
                delivered=ended is not None and moved is not None and chance.random() < 0.9,
            )
        )
    return found


def forecast_of(journey: Journey, raw_milli: int) -> Forecast:
    assert journey.promised_on is not None
    return Forecast(
        order_id=journey.order_id, ends_at=moment(10), at=moment(8), stage=0,
        forecast_on=journey.promised_on - timedelta(days=2), promised_on=journey.promised_on, raw_milli=raw_milli,
        late_milli=raw_milli, bar_milli=700, snapshot="none",
    )  # fmt: skip


def waits_on(journey: Journey, day: date) -> bool:
    """Nobody has called it off or received it before the day; cancelled on the day counts no more."""
    ended = journey.ended_on or date.max
    return ended > day or (ended == day and journey.delivered)


def counted(journeys: list[Journey], forecasts: list[Forecast], day: date) -> dict[str, Counter[tuple[object, ...]]]:
    """The same by one journey after the other: rows as they are, with how often."""
    transits, arrived, waits, moved = Counter(), Counter(), Counter(), Counter()
    for journey in (each for each in journeys if waits_on(each, day)):
        if journey.moved_on and journey.moved_known_on and max(journey.moved_on, journey.moved_known_on) <= day:
            kind = (journey.plan, journey.region, "DE", (day - journey.moved_on).days)
            transits[kind] += 1
            arrived[kind] += journey.delivered and journey.ended_on == day
        if journey.known_on <= day and (journey.moved_known_on is None or journey.moved_known_on >= day):
            waits[(day - journey.ship_by_on).days,] += 1
            moved[(day - journey.ship_by_on).days,] += journey.moved_known_on == day
    by_id = {journey.order_id: journey for journey in journeys}
    made = Counter((f.stage, f.raw_milli) for f in forecasts if f.forecast_on == day)
    ended, late = Counter(), Counter()
    for each in (f for f in forecasts if f.promised_on == day):
        end = by_id[each.order_id].ended_on or date.max
        if by_id[each.order_id].delivered or end > day:
            ended[each.stage, each.raw_milli] += 1
            late[each.stage, each.raw_milli] += end > day
    return {
        "transits": Counter((*kind, number, arrived[kind]) for kind, number in transits.items()),
        "waits": Counter((*kind, number, moved[kind]) for kind, number in waits.items()),
        "forecasts": Counter((*kind, number) for kind, number in made.items()),
        "outcomes": Counter((*kind, number, late[kind]) for kind, number in ended.items()),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_day_shows_what_counting_one_by_one_shows(runtime: Runtime, seed: int) -> None:
    journeys = some_journeys(seed)
    forecasts = [forecast_of(journey, 100 * (place % 10)) for place, journey in enumerate(journeys)]
    async with runtime.transaction() as tx:
        await learning.save_journeys(tx, {journey.order_id: journey for journey in journeys})
        await learning.save_forecasts(tx, forecasts)
        for number in range(DAYS):
            shown = await learning.shown_on(tx, on(number))
            found = {
                name: Counter(map(tuple, getattr(shown, name)))
                for name in ("transits", "waits", "forecasts", "outcomes")
            }
            assert found == counted(journeys, forecasts, on(number))


async def test_each_closing_adds_the_day_that_is_over_everywhere(runtime: Runtime) -> None:
    journeys = some_journeys(4)
    expected = Snapshot()
    async with runtime.transaction() as tx:
        await learning.save_journeys(tx, {journey.order_id: journey for journey in journeys})
        for number in range(10):
            shown: Day = await learning.shown_on(tx, on(number))
            expected = after(expected, shown)
            await learning.close(tx, on(number + 1))
        assert await learning.snapshot_at(tx, on(10)) == expected
        assert expected.day == on(9)


async def test_a_look_uses_no_day_that_was_not_closed_before_its_own_began(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await learning.save_journeys(tx, {journey.order_id: journey for journey in some_journeys(5)})
        for number in range(10):
            await learning.close(tx, on(number))
        mornings = await learning.mornings_at(tx, [moment(0), moment(5)])
        assert (mornings.at(moment(5)).day, mornings.at(moment(0)).day) == (on(3), None)


async def test_readers_of_the_past_find_what_each_look_used(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await learning.save_journeys(tx, {journey.order_id: journey for journey in some_journeys(5)})
        for number in range(10):
            await learning.close(tx, on(number))
        moments = [moment(number, hours) for number in range(-1, 15) for hours in (0, 14.9, 15)]
        expected = [await learning.snapshot_at(tx, open_from(each)) for each in moments]
        few = [moments[0], moments[20], moments[-1]]
        for mornings in (
            await learning.mornings_at(tx, moments),
            await learning.mornings_between(tx, moments[0], moments[-1]),
        ):
            assert [mornings.at(each) for each in moments] == expected
        some = await learning.mornings_at(tx, few)
        assert [some.at(each) for each in few] == [expected[0], expected[20], expected[-1]]
        assert (await learning.mornings_at(tx, [])).at(moments[-1]) == Snapshot()


async def test_before_the_shop_has_begun_nothing_is_written(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await learning.close(tx, FIRST)
        assert await tx.scalar(text("select count(*) from snapshots")) == 0
        assert await learning.snapshot_at(tx, on(100)) == Snapshot()


async def test_a_look_that_is_set_and_comes_in_one_batch_is_judged_by_its_morning(runtime: Runtime) -> None:
    await teach(runtime, taught(later=0.6))
    await runtime.fold([said(fact) for fact in (placed(), paid(), *on_the_way(moment(0)))], until=moment(6, 11))
    judged = await rows(runtime, "select reason from decisions where rule = 'delivery_at_risk'")
    assert judged == [{"reason": "likely_in_time"}]
    assert await rows(runtime, "select stage from forecasts")
