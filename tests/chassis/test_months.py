"""What grows with every event lies in months: added ahead, dropped whole, and an event said again meets itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from toy.app import SERVICE, application

from chassis import audits, batch, months, positions
from chassis.audits import COMMAND_LINE, Caller
from chassis.batch import Batch
from chassis.housekeeping import keep_house, tidy
from chassis.migrations import upgrade
from chassis.months import AUDITS, COMMANDS, DECISIONS, INBOX
from chassis.reading import Entry, RawRecord
from chassis.runtime import Runtime
from contracts import Event
from contracts.kafka import to_record
from tests.chassis.shop import placed, whats
from tests.conftest import RuntimeOf
from tests.running import rows


def day(month: int, number: int = 1, year: int = 2031) -> datetime:
    """A day of the years to come, in which no test runs."""
    return datetime(year, month, number, tzinfo=UTC)


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(application)


async def parts(runtime: Runtime, table: str) -> list[str]:
    query = "select inhrelid::regclass::text as name from pg_inherits where inhparent = cast(:t as regclass) order by 1"
    return [row["name"].removeprefix(f"{table}_") for row in await rows(runtime, query, t=table)]


async def lies_in(runtime: Runtime, table: str) -> list[str]:
    return [row["name"] for row in await rows(runtime, f"select tableoid::regclass::text as name from {table}")]  # noqa: S608


async def hear(runtime: Runtime, *events: Event[Any]) -> dict[str, int]:
    """One batch with these events; what became of them."""
    wanted = runtime.service.wanted()
    async with runtime.transaction() as tx:
        if not await positions.positions_of(tx, 0):
            await positions.start(tx, 0, dict.fromkeys(wanted, 0))
        expected = {topic: found.next_offset for topic, found in (await positions.positions_of(tx, 0)).items()}
        entries = []
        for number, event in enumerate(events):
            said = to_record(event)
            place = expected[said.topic] + number
            record = RawRecord(said.topic, 0, place, 0, said.key, said.value, said.headers)
            entries.append(Entry.of(record, event))
        moments = [event.time for event in events]
        return dict((await batch.run(tx, runtime.service, Batch(0, entries, moments, expected))).counts)


def said_at(moment: datetime, event: Event[Any]) -> Event[Any]:
    return Event(
        id=event.id, source=event.source, time=moment, data=event.data, subject=event.subject,
        correlation_id=event.correlation_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "until"),
    [(day(1, 31), day(5)), (day(10, 1), day(2, year=2032)), (day(12, 31), day(4, year=2032))],
)
def test_three_months_are_there_before_they_begin(now: datetime, until: datetime) -> None:
    assert months.wanted_until(now) == until


def test_nothing_is_dropped_before_its_last_day_is_old_enough() -> None:
    there = [day(1), day(2), day(3)]
    assert months.dropped(INBOX, there, day(1) - timedelta(seconds=1)) == []
    assert [one for one in months.dropped(INBOX, there, day(1)) if one.startswith("drop")] == [
        "drop table inbox_earlier"
    ]
    assert [one for one in months.dropped(INBOX, there, day(3)) if one.startswith("drop")] == [
        "drop table inbox_earlier",
        "drop table inbox_2031_01",
        "drop table inbox_2031_02",
    ]


def test_the_last_month_is_never_dropped() -> None:
    assert "drop table inbox_2031_03" not in months.dropped(INBOX, [day(3)], day(1, year=2040))


async def test_months_are_added_ahead_and_dropped_whole(runtime: Runtime) -> None:
    await hear(
        runtime, placed("ada", "old"), said_at(day(1, 5), placed("ada", "o1")), said_at(day(3, 5), placed("ada", "o2"))
    )
    await tidy(runtime, day(1, 2))
    assert (await parts(runtime, "inbox"))[-5:] == ["2031_02", "2031_03", "2031_04", "earlier", "later"]
    assert sorted(await lies_in(runtime, "inbox")) == ["inbox_2031_01", "inbox_2031_03"]  # the old one is forgotten
    await tidy(runtime, day(5, 20))
    assert await parts(runtime, "inbox") == ["2031_02", *(f"2031_0{n}" for n in range(3, 9)), "earlier", "later"]
    assert await lies_in(runtime, "inbox") == ["inbox_2031_03"]
    assert await parts(runtime, "decisions") != await parts(runtime, "inbox")  # they are kept for longer


async def test_keeping_house_twice_changes_nothing(runtime: Runtime) -> None:
    await tidy(runtime, day(1, 2))
    before = {monthly.table: await parts(runtime, monthly.table) for monthly in (INBOX, DECISIONS, COMMANDS, AUDITS)}
    await tidy(runtime, day(1, 2))
    assert before == {table: await parts(runtime, table) for table in before}


async def test_what_came_too_early_moves_into_its_month(runtime: Runtime) -> None:
    await hear(runtime, said_at(day(2, 5), placed("ada", "o1")), said_at(day(1, year=2050), placed("ada", "o2")))
    assert set(await lies_in(runtime, "inbox")) == {"inbox_later"}
    await tidy(runtime, day(1, 2))
    assert sorted(await lies_in(runtime, "inbox")) == ["inbox_2031_02", "inbox_later"]
    assert (await hear(runtime, said_at(day(2, 5), placed("ada", "o1"))))["duplicate"] == 1


async def test_a_house_that_was_left_alone_for_years_is_brought_up_to_date(runtime: Runtime) -> None:
    await tidy(runtime, day(1, 2))
    await tidy(runtime, day(6, 2, year=2034))
    assert (await parts(runtime, "inbox"))[0] == "2034_02"
    assert len(await hear(runtime, said_at(day(6, 2, year=2034), placed("ada", "o1")), placed("ada", "o2"))) == 1


@pytest.mark.parametrize("late", [0, 20, 60, 119])
async def test_an_event_said_again_meets_itself_however_late(runtime: Runtime, late: int) -> None:
    event = said_at(day(1, 31), placed("ada", "o1"))
    await tidy(runtime, day(1, 31))
    assert await hear(runtime, event) == {"applied": 1}
    await tidy(runtime, day(1, 31) + timedelta(days=late))
    assert await hear(runtime, event) == {"duplicate": 1}


async def test_an_event_said_again_with_another_time_of_the_month_is_the_same(runtime: Runtime) -> None:
    await tidy(runtime, day(1, 31))
    await hear(runtime, said_at(day(1, 3), placed("ada", "o1")))
    assert await hear(runtime, said_at(day(1, 28), placed("ada", "o1"))) == {"duplicate": 1}
    assert await hear(runtime, said_at(day(1, 28), placed("ada", "o2", event_id="placed-o1"))) == {"parked": 1}


async def test_said_again_in_another_month_it_is_known_by_what_it_did(runtime: Runtime) -> None:
    await tidy(runtime, day(1, 31))
    await hear(runtime, said_at(day(1, 31), placed("ada", "o1")))
    assert await hear(runtime, said_at(day(2, 1), placed("ada", "o1"))) == {"duplicate": 1}
    assert await whats(runtime, "ada") == ["placed o1"]
    assert [one["rule"] for one in await rows(runtime, "select rule from decisions")] == ["confirm"]


async def test_past_its_month_an_event_is_known_by_what_it_did(runtime: Runtime) -> None:
    event = said_at(day(1, 5), placed("ada", "o1"))
    await tidy(runtime, day(1, 5))
    await hear(runtime, event)
    await tidy(runtime, day(6, 1))
    assert await rows(runtime, "select 1 from inbox") == []
    assert await hear(runtime, event) == {"duplicate": 1}
    assert await whats(runtime, "ada") == ["placed o1"]


async def test_a_command_given_again_months_later_is_the_same(runtime: Runtime) -> None:
    await runtime.command("ada", "hello", actor="care:eve", command_id="c-1")
    async with runtime.transaction() as tx:
        await tx.execute(text("update commands set received_at = :at"), {"at": day(1, 5)})
    await tidy(runtime, day(1, 5))
    assert await lies_in(runtime, "commands") == ["commands_2031_01"]
    assert (await runtime.command("ada", "hello", actor="care:eve", command_id="c-1")).duplicate
    assert await whats(runtime, "ada") == ["hello"]


async def keys_made(runtime: Runtime, *subjects: str) -> None:
    """A row of `audits` for each."""
    async with runtime.transaction() as tx:
        with audits.acting(Caller(COMMAND_LINE, "keys create")):
            for subject in subjects:
                await audits.write(tx, "ada", subject=subject)


async def audited(runtime: Runtime, *, before: int | None = None, most: int = 10) -> list[str]:
    """What was audited, the latest first, as it is shown."""
    async with runtime.transaction() as tx:
        listed = await audits.listed(tx, client=None, customer_id="ada", before=before, most=most)
        return [one["subject"] for one in listed]


async def test_who_gave_which_command_is_kept_for_so_many_days_and_shown_over_all_months(
    runtime_of: RuntimeOf,
) -> None:
    runtime = await runtime_of(application, AUDITS_KEPT_DAYS="100")
    await tidy(runtime, day(1, 5))
    for month in (1, 2, 3):
        await keys_made(runtime, f"key {month}")
        async with runtime.transaction() as tx:
            await tx.execute(text("update audits set at = :at where at < '2031-01-01'"), {"at": day(month, 5)})
    assert await audited(runtime) == ["key 3", "key 2", "key 1"]
    assert await audited(runtime, before=3, most=1) == ["key 2"]
    assert sorted(await lies_in(runtime, "audits")) == [f"audits_2031_0{month}" for month in (1, 2, 3)]
    await tidy(runtime, day(2) + timedelta(days=99))
    assert await audited(runtime) == ["key 3", "key 2", "key 1"]
    await tidy(runtime, day(2) + timedelta(days=100))
    assert await audited(runtime) == ["key 3", "key 2"]


async def test_whoever_reads_for_long_is_waited_for_half_a_second_and_not_longer(runtime: Runtime) -> None:
    await hear(runtime, placed("ada", "o1"))
    before = await parts(runtime, "inbox")
    async with runtime.engine.connect() as reader:
        await reader.execute(text("select count(*) from inbox"))
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(DBAPIError, match="lock timeout"):
            await tidy(runtime, day(1, 2))
        assert asyncio.get_running_loop().time() - began_s < 2
        assert await parts(runtime, "inbox") == before
        assert await hear(runtime, placed("ada", "o2")) == {"applied": 1}
    await tidy(runtime, day(1, 2))
    assert await parts(runtime, "inbox") != before


async def test_two_who_keep_house_at_once_do_not_get_in_each_others_way(runtime: Runtime) -> None:
    await asyncio.gather(*(tidy(runtime, day(1, 2)) for _ in range(4)))
    assert (await parts(runtime, "commands"))[-1] == "later"


async def test_with_simulated_time_nothing_is_old(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application, CLOCK="simulated")
    before = await parts(runtime, "inbox")
    await keep_house(runtime)
    assert await parts(runtime, "inbox") == before


async def test_parked_records_that_are_closed_are_forgotten_and_open_ones_never(runtime: Runtime) -> None:
    await hear(runtime, *(placed("ada", f"o{number}", title="reject") for number in range(3)))
    async with runtime.transaction() as tx:
        closed = "update parked_events set state = 'discarded', closed_at = :at where parked_id = :id"
        await tx.execute(text(closed), {"at": day(1, 1), "id": 1})
        await tx.execute(text(closed), {"at": day(5, 1), "id": 2})
    await tidy(runtime, day(5, 2))
    assert [one["parked_id"] for one in await rows(runtime, "select parked_id from parked_events order by 1")] == [2, 3]


async def test_decisions_go_on_counting_over_all_months(runtime: Runtime) -> None:
    await hear(runtime, said_at(day(1, 5), placed("ada", "o1")))
    await tidy(runtime, day(1, 5))
    await hear(runtime, said_at(day(2, 5), placed("ada", "o2")))
    found = await rows(runtime, "select decision_id, subject from decisions order by decision_id")
    assert [one["subject"] for one in found] == ["o1", "o2"]


# --- databases of before ---


def config(connection: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(SERVICE.migrations))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


async def back(runtime: Runtime) -> None:
    """As it was before there were months."""
    async with runtime.transaction() as tx:
        await tx.run_sync(lambda connection: command.downgrade(config(connection), "0001"))


async def on(runtime: Runtime) -> None:
    await runtime.engine.dispose()
    await asyncio.to_thread(upgrade, runtime.settings.database_url.get_secret_value(), SERVICE.migrations)


async def test_what_was_taken_in_before_there_were_months_is_recognised(runtime: Runtime) -> None:
    event, late = placed("ada", "o1"), said_at(datetime.now(UTC), placed("ada", "o2"))
    await hear(runtime, event, late)
    await runtime.command("ada", "hello", actor="care:eve", command_id="c-1")
    await back(runtime)
    assert "at" not in (await rows(runtime, "select * from inbox"))[0]
    await on(runtime)
    assert await hear(runtime, event, late) == {"duplicate": 2}
    assert (await runtime.command("ada", "hello", actor="care:eve", command_id="c-1")).duplicate
    assert len(await rows(runtime, "select 1 from decisions")) == 2
    await hear(runtime, placed("ada", "o3"))
    assert [one["decision_id"] for one in await rows(runtime, "select decision_id from decisions order by 1")][-1] > 2


async def test_a_process_of_before_goes_on_beside_the_new_tables(runtime: Runtime) -> None:
    said = to_record(placed("ada", "o1"))
    entry = Entry(RawRecord("t", 0, 1, 0, None, said.value, said.headers))
    async with runtime.transaction() as tx:  # as the code of before wrote it
        await tx.execute(
            text("""insert into inbox (event_id, source, content_hash, topic, partition, "offset")
                    values ('placed-o1', '/shop', :hash, 't', 0, 1) on conflict do nothing"""),
            {"hash": entry.content_hash},
        )
    assert await hear(runtime, placed("ada", "o1")) == {"duplicate": 1}


async def test_audits_of_before_stay_and_a_process_of_before_goes_on_writing_them(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await tx.run_sync(lambda connection: command.downgrade(config(connection), "0002"))
    await keys_made(runtime, "before")
    async with runtime.engine.connect() as connection:  # prepared its statements while the table was a plain one
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        write = text("insert into audits (client, client_name, action, subject, customer_id) "
                     "values ('key:k', 'eve', 'POST /v1/redrive', :subject, 'ada')")  # fmt: skip
        await connection.execute(write, {"subject": "beside"})
        url = runtime.settings.database_url.get_secret_value()
        await asyncio.to_thread(upgrade, url, SERVICE.migrations)
        await connection.execute(write, {"subject": "beside, later"})
    await keys_made(runtime, "after")
    assert await audited(runtime) == ["after", "beside, later", "beside", "before"]


async def test_going_back_keeps_every_row_once(runtime: Runtime) -> None:
    await tidy(runtime, day(1, 5))
    await hear(runtime, said_at(day(1, 5), placed("ada", "o1")), said_at(day(2, 5), placed("ada", "o2")))
    await back(runtime)
    assert len(await rows(runtime, "select 1 from inbox")) == len(await rows(runtime, "select 1 from decisions")) == 2
    await on(runtime)
    await hear(runtime, placed("ada", "o3"))
    assert len(await rows(runtime, "select distinct decision_id from decisions")) == 3
