"""Where the facts are not known a message waits, visibly; past `told_by` it is said that nobody could be told."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text

from chassis.redrive import redrive
from chassis.runtime import Runtime
from contracts.kafka import to_record
from notifier.app import application
from notifier.vigil import look
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, POLICY, confirmed, erased, hour, known, opened, resolved
from tests.notifier.persons import vault_of

POISON = "the event that failed"


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    """The real clock; nothing is listened to but what a test folds."""
    return await runtime_of(application)


async def looked(runtime: Runtime, at: float) -> int:
    """What the clock finds at that hour."""
    return await look(runtime, POLICY, vault_of(runtime), lambda: hour(at))


async def block(runtime: Runtime, *behind: Any) -> None:
    """An event of the customer is parked, and these behind it, as the worker does it."""
    async with runtime.transaction() as tx:
        await tx.execute(
            text("""
                insert into customers (customer_id, blocked_at, blocked_reason, blocked_by)
                values (:ada, now(), 'fold_failed', :poison) on conflict (customer_id)
                do update set (blocked_at, blocked_reason, blocked_by) = (now(), 'fold_failed', :poison)
            """),
            {"ada": ADA, "poison": POISON},
        )  # fmt: skip
        for offset, event in enumerate(behind):
            record = to_record(event)
            headers = msgspec.json.encode([(name, content.decode("latin-1")) for name, content in record.headers])
            await tx.execute(
                text("""
                    insert into parked_events (topic, partition, "offset", timestamp_ms, key, value, headers, reason,
                                               detail, customer_id, event_id)
                    values (:topic, :partition, :offset, 0, :key, :value, :headers, 'behind_blocked', '', :ada, :id)
                """),
                {"topic": record.topic, "partition": runtime.partition_of(ADA), "offset": offset, "key": record.key,
                 "value": record.value, "headers": headers, "ada": ADA, "id": event.id},
            )  # fmt: skip


async def said(runtime: Runtime) -> list[dict[str, Any]]:
    """Every telling-failed that was put into the outbox."""
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select value from outbox where headers like '%telling-failed%' order by 1"))
        return [msgspec.json.decode(row.value) for row in rows]


async def the_message(client: httpx.AsyncClient) -> dict[str, Any]:
    [message] = (await client.get("/v1/messages", params={"customer_id": ADA})).json()["data"]
    assert message == (await client.get(f"/v1/messages/{message['message_id']}")).json()
    return dict(message)


async def test_a_message_on_a_partition_that_lags_says_what_it_waits_for(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), opened(10)], until=hour(10))
    message = await the_message(client)
    assert (message["state"], message["reason"]) == ("intended", "waiting_for_facts")
    waited = {"since": "2026-03-02T09:00:00Z", "awaited": "partition", "detail": str(runtime.partition_of(ADA))}
    assert message["waiting"] == waited
    assert "heard" in message["remedy"]


async def test_a_message_of_a_blocked_customer_says_which_event_is_parked(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), opened(10)], until=hour(10))
    await block(runtime)
    waiting = (await the_message(client))["waiting"]
    assert (waiting["awaited"], waiting["detail"]) == ("customer", POISON)


async def test_a_message_that_is_decided_waits_for_no_facts(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([known(), opened(10)], until=hour(11))
    message = await the_message(client)
    assert (message["reason"], message["waiting"]) == (None, None)


@pytest.mark.parametrize("blocked", [False, True], ids=["the partition lags", "the customer is blocked"])
async def test_past_told_by_it_is_said_that_telling_failed_and_once_only(runtime: Runtime, blocked: bool) -> None:
    await runtime.fold([known(), opened(10, told_by=14)], until=hour(10))
    if blocked:
        await block(runtime)
    assert (await looked(runtime, 14), await said(runtime)) == (0, [])
    assert await looked(runtime, 14.1) == 1
    assert await looked(runtime, 15) == 0
    [fact] = await said(runtime)
    assert (fact["issue_id"], fact["reason"]) == ("o1-delivery_late", "waiting_for_facts")
    assert fact["occurred_at"].startswith("2026-03-02T13:06")


async def test_the_fold_concludes_as_the_log_has_it_and_says_nothing_twice(runtime: Runtime) -> None:
    """Without an address it fails in the fold too, when the partition is heard at last."""
    nobody = known(email="no address")
    await runtime.fold([nobody, opened(10, told_by=14)], until=hour(10))
    assert await looked(runtime, 15) == 1
    await runtime.fold([], until=hour(16))
    assert [fact["reason"] for fact in await said(runtime)] == ["waiting_for_facts"]
    async with runtime.transaction() as tx:
        rows = await tx.execute(
            text("select rule from decisions where outcome = 'telling_failed' order by decision_id")
        )
        assert [row.rule for row in rows] == ["told_by_the_clock", "told_by"]
        document = (await tx.execute(text("select document from circumstances"))).scalar_one()
    assert document["issues"]["o1-delivery_late"]["telling_failed"]


async def test_what_the_fold_has_said_the_clock_does_not_repeat(runtime: Runtime) -> None:
    await runtime.fold([known(email="no address"), opened(10, told_by=14)], until=hour(15))
    assert await looked(runtime, 16) == 0
    assert len(await said(runtime)) == 1


@pytest.mark.parametrize(
    ("story", "found"),
    [
        ([opened(10, told_by=14)], 1),
        ([opened(10, told_by=14), resolved(12)], 0),
        ([confirmed(10)], 0),
        ([opened(10, told_by=40)], 0),
    ],
    ids=["an issue", "one that is over", "no issue", "one that may still be told"],
)
async def test_an_issue_that_is_parked_itself_is_not_forgotten(runtime: Runtime, story: list[Any], found: int) -> None:
    await runtime.fold([known()], until=hour(1))
    await block(runtime, *story)
    assert await looked(runtime, 15) == found
    assert len(await said(runtime)) == found


async def test_after_the_redrive_the_customer_is_told_and_nothing_failed_again(runtime: Runtime) -> None:
    await runtime.fold([known()], until=hour(1))
    await block(runtime, opened(10, told_by=14))
    async with runtime.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('orders', :one, 9, :at)"),
            {"one": runtime.partition_of(ADA), "at": hour(20)},
        )
    await looked(runtime, 15)
    report = await redrive(runtime, customer_id=ADA, reason=None, dry_run=False, limit=1, actor="test")
    assert (report.applied, report.refused) == (1, 0)
    assert len(await said(runtime)) == 1
    async with runtime.transaction() as tx:
        assert (await tx.execute(text("select state from messages"))).scalar_one() == "ready"


async def test_at_night_it_is_in_time_in_the_morning_though_nobody_listens(runtime: Runtime) -> None:
    await runtime.fold([known(), opened(22, told_by=26)], until=hour(22))
    assert await looked(runtime, 27) == 0
    assert await looked(runtime, 33) == 1


async def test_of_the_erased_nothing_is_said(runtime: Runtime) -> None:
    await runtime.fold([known(), opened(10, told_by=14), erased(11)], until=hour(10))
    assert await looked(runtime, 15) == 0


async def test_with_simulated_time_only_the_blocked_can_be_late(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application, CLOCK="simulated")
    await runtime.fold([known(), opened(10, told_by=14)], until=hour(10))
    async with runtime.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('orders', :one, 9, :at)"),
            {"one": runtime.partition_of(ADA), "at": hour(13)},
        )
    far = hour(10) + timedelta(days=300)
    assert await look(runtime, POLICY, vault_of(runtime), lambda: far) == 0
    await block(runtime)
    async with runtime.transaction() as tx:
        await tx.execute(text("update positions set settled_at = :at"), {"at": hour(15)})
    assert await look(runtime, POLICY, vault_of(runtime), lambda: far) == 1
