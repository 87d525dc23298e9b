"""What many are told at once: staff sees how far it is, stops it within a second, and nobody else waits for it."""

import asyncio
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts import Event
from contracts.vocabulary import Channel, IssueKind, Severity
from notifier import broadcast_store, store
from notifier.app import application
from notifier.sender import Sender
from notifier.settings import NotifierSettings
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, Life, confirmed, hour, known, opened, resolved, survey
from tests.notifier.postbox import Postbox
from tests.running import rows, until

STRIKE = "strike-1"
WHERE = f"/v1/broadcasts/{STRIKE}"
EVE = {"actor": "care:eve"}


def told_to_many(at: float, order_id: str = "o1", broadcast_id: str = STRIKE, **how: Any) -> Event[Any]:
    """The opening of a disruption's issue, as the orders-listener says it."""
    event = opened(at, IssueKind.disruption, order_id=order_id, **how)
    evidence = {"disruption_id": broadcast_id, "since": hour(at).isoformat()}
    return replace(event, id=f"{broadcast_id} {event.id}"[:255], data=replace(event.data, evidence=evidence))


def over(at: float) -> Event[Any]:
    event = resolved(at, IssueKind.disruption)
    return replace(event, data=replace(event.data, evidence={"disruption_id": STRIKE}))


def of(event: Event[Any], customer_id: str) -> Event[Any]:
    return replace(event, id=f"{customer_id} {event.id}"[:255], data=replace(event.data, customer_id=customer_id))


def crowd(number: int) -> list[str]:
    return [f"c{one:04}" for one in range(number)]


async def strike(runtime: Runtime, number: int, at: float = 10) -> None:
    """So many customers are decided to be told of it."""
    events = [one for name in crowd(number) for one in (of(known(), name), of(told_to_many(at), name))]
    assert not (await runtime.fold(events, until=hour(at + 1))).refused


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    return await runtime_of(
        application, CLOCK="simulated", SMTP_PORT=str(postbox.port), SMTP_TIMEOUT_S="5", NOTIFIER_LEASE_S="60",
        NOTIFIER_BROADCAST_PER_SECOND="1000",
    )  # fmt: skip


def sender_of(runtime: Runtime) -> Sender:
    assert isinstance(runtime.settings, NotifierSettings)
    return Sender(runtime, runtime.settings)


async def told(client: httpx.AsyncClient) -> Any:
    return (await client.get(WHERE)).json()


def recipients(postbox: Postbox) -> Counter[str]:
    return Counter(mail["Message-ID"] for mail in postbox.mails)


async def again(sender: Sender) -> None:
    """Until nothing of any broadcast is ready."""
    while await sender.send_told_to_many():
        pass


async def test_a_broadcast_is_counted_to_the_last_message(
    runtime: Runtime, client: httpx.AsyncClient, sender: Sender, postbox: Postbox
) -> None:
    await strike(runtime, 6)
    await runtime.fold([of(told_to_many(10.5), "nobody")], until=hour(11))
    before = await told(client)
    assert (before["state"], before["intended"], before["customers"]) == ("going", 7, 7)
    assert (before["ready"], before["held_by_reason"]) == (6, {"waiting_for_contact": 1})
    assert before["kinds"] == {"issue_opened": 7}
    assert before["done_at"] is not None

    postbox.answers = ["250 OK", "554 5.7.1 No"]
    await again(sender)
    after = await told(client)
    assert (after["sent"], after["failed_by_reason"], after["ready"], after["done_at"]) == (5, {"refused": 1}, 0, None)
    assert [(one["channel"], one["told"]) for one in after["paces"]] == [("email", 5)]
    assert after["paces"][0]["per_second"] > 0
    assert (await client.get("/v1/broadcasts")).json() == [after]
    await runtime.fold([], until=hour(24))
    done = await told(client)
    assert (done["state"], done["not_told_by_reason"]) == ("done", {"no_contact": 1})
    states = ("waiting", "held", "ready", "sending", "joined", "sent", "failed", "unknown", "not_told")
    assert sum(done[state] for state in states) == done["intended"] == 7


async def test_everybody_is_told_once_however_often_it_is_said_and_however_many_send(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await strike(runtime, 40)
    again_said = [replace(of(told_to_many(10), name), id=f"again {name}") for name in crowd(40)]
    await runtime.fold(again_said, until=hour(11))
    second = sender_of(runtime)
    for _ in range(4):
        await asyncio.gather(sender.send_told_to_many(), second.send_told_to_many())
    await second.close()
    assert Counter(postbox.recipients) == {"ada@example.org": 40}
    assert set(recipients(postbox).values()) == {1}


async def test_stop_is_stop_within_a_second_for_every_sender_and_resume_goes_on_where_it_was(
    runtime: Runtime, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    await strike(runtime, 120)
    postbox.delay_s = 0.05
    senders = [sender_of(runtime) for _ in range(2)]
    tasks = [asyncio.create_task(one.run()) for one in senders]
    await _mails(postbox, 5)
    assert (await client.post(f"{WHERE}/stop", json=EVE)).json()["state"] == "stopped"
    await asyncio.sleep(1)
    so_far = len(postbox.mails)
    assert 5 <= so_far < 120
    await asyncio.sleep(1.5)
    assert len(postbox.mails) == so_far
    stopped = await told(client)
    assert (stopped["sent"], stopped["ready"], stopped["sending"]) == (so_far, 120 - so_far, 0)

    await client.post(f"{WHERE}/resume", json=EVE)
    await _mails(postbox, 120)
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(postbox.mails) == 120
    assert set(recipients(postbox).values()) == {1}
    assert (await told(client))["sent"] == 120


async def _mails(postbox: Postbox, number: int) -> None:
    async def so_many() -> bool:
        return len(postbox.mails) >= number

    await until(so_many)


async def test_what_staff_does_is_done_once_and_written_down(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await strike(runtime, 1)
    for step in ("stop", "stop", "resume", "resume"):
        assert (await client.post(f"{WHERE}/{step}", json=EVE)).status_code == 200
    await client.patch(WHERE, json={"actor": "care:eve", "per_second": 20})
    same = await client.patch(WHERE, json={"actor": "care:mia", "per_second": 20})
    await client.patch(WHERE, json={"actor": "care:mia", "per_second": None})
    assert same.json()["per_second"] == 20
    found = await told(client)
    assert found["per_second"] == 1_000
    steps = [(one["step"], one["per_second"], one["actor"]) for one in reversed(found["steps"])]
    assert steps == [
        ("stop", None, "care:eve"), ("resume", None, "care:eve"), ("pace", 20, "care:eve"), ("pace", None, "care:mia"),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{}, {"actor": ""}, {"actor": "eve", "why": "?"}])
async def test_nobody_stops_anything_without_saying_who_they_are(
    runtime: Runtime, client: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    await strike(runtime, 1)
    assert (await client.post(f"{WHERE}/stop", json=wrong)).status_code == 422
    form = await client.post(f"{WHERE}/stop", data={"actor": "eve"})
    assert form.status_code == 422
    assert (await told(client))["steps"] == []


async def test_what_nobody_heard_of_is_not_steered(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get(WHERE), await client.post(f"{WHERE}/stop", json=EVE),
        await client.patch(WHERE, json={"actor": "eve", "per_second": 1}),
    ]  # fmt: skip
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "unknown_broadcast")] * 3
    for pace in (0, -1, 1e9):
        assert (await client.patch(WHERE, json={"actor": "eve", "per_second": pace})).status_code == 422


async def test_a_broadcast_keeps_its_pace_with_several_senders(
    runtime: Runtime, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    await strike(runtime, 60)
    await client.patch(WHERE, json={"actor": "eve", "per_second": 20})
    senders = [sender_of(runtime) for _ in range(3)]
    began_s = time.monotonic()
    tasks = [asyncio.create_task(one.run()) for one in senders]
    await _mails(postbox, 60)
    took_s = time.monotonic() - began_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert 1.8 < took_s < 10  # one second's worth at once, then twenty in a second


async def test_a_broadcast_is_no_faster_than_its_provider(
    runtime_of: RuntimeOf, postbox: Postbox, tmp_path: Path
) -> None:
    """However fast staff would have it: its messages stand in the same queue for the provider as all others."""
    file = tmp_path / "providers.yaml"
    file.write_text(f"version: slow\nemail: {{main: {{port: {postbox.port}, per_second: 20}}}}\n")
    runtime = await runtime_of(
        application, CLOCK="simulated", NOTIFIER_PROVIDERS_FILE=str(file), NOTIFIER_BROADCAST_PER_SECOND="1000"
    )
    await strike(runtime, 40)
    sender = sender_of(runtime)
    began_s = time.monotonic()
    await again(sender)
    took_s = time.monotonic() - began_s
    await sender.close()
    assert len(postbox.mails) == 40
    assert took_s > 1.8  # a tenth of a second's worth at once, then twenty in a second


@pytest.mark.parametrize(
    ("per_second", "seconds", "expected"), [(50, 0.0, 0), (50, 0.5, 25), (50, 60, 50), (0.5, 60, 1)]
)
async def test_what_a_pace_allows_does_not_pile_up(
    runtime: Runtime, client: httpx.AsyncClient, per_second: float, seconds: float, expected: int
) -> None:
    await strike(runtime, 60)
    await client.patch(WHERE, json={"actor": "eve", "per_second": per_second})
    async with runtime.transaction() as tx:
        past = timedelta(seconds=seconds)
        await tx.execute(text("update broadcasts set paced_at = now() - cast(:past as interval)"), {"past": past})
        taken = await broadcast_store.take_ready(
            tx, 100, timedelta(seconds=9), Channel.email, usual_per_second=1, stale_after=timedelta(days=9_999)
        )
    assert len(taken) == expected


async def test_what_is_too_old_to_be_sent_uses_up_no_pace_and_keeps_its_turn(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await strike(runtime, 60)
    await client.patch(WHERE, json={"actor": "eve", "per_second": 10})

    async def take(stale_after: timedelta) -> list[str]:
        async with runtime.transaction() as tx:
            taken = await broadcast_store.take_ready(
                tx, 100, timedelta(seconds=9), Channel.email, usual_per_second=1, stale_after=stale_after
            )
            await store.put_back(tx, taken)
            return [one.message_id for one in taken]

    first = await take(timedelta(0))
    assert len(first) == 10
    assert set(await take(timedelta(days=9_999))) == set(first)
    assert await take(timedelta(days=9_999)) == []


async def test_nobody_else_waits_for_a_broadcast(runtime: Runtime, postbox: Postbox) -> None:
    await strike(runtime, 200)
    postbox.delay_s = 0.05
    sender = sender_of(runtime)
    task = asyncio.create_task(sender.run())
    await _mails(postbox, 5)
    await runtime.fold([known(), opened(10.9), confirmed(10.9, order_id="o2")], until=hour(11))

    async def both() -> bool:
        found = await rows(runtime, "select state from messages where customer_id = :c", c=ADA)
        return [row["state"] for row in found] == ["sent", "sent"]

    await until(both, patience_s=5)
    assert len(postbox.mails) < 200
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_stopped_broadcast_stops_nobody_else(
    runtime: Runtime, client: httpx.AsyncClient, sender: Sender, postbox: Postbox
) -> None:
    await strike(runtime, 30)
    other = [of(told_to_many(10, broadcast_id="flood-1"), "zoe"), of(known(), "zoe")]
    await runtime.fold([known(), opened(10), *other], until=hour(11))
    await client.post(f"{WHERE}/stop", json=EVE)
    assert await sender.send_ready() == 1
    assert await sender.send_told_to_many() == 1
    assert [await sender.send_ready(), await sender.send_told_to_many()] == [0, 0]
    assert len(postbox.mails) == 2


async def test_a_killed_sender_loses_nothing_and_tells_twice_only_what_it_had_in_hand(
    runtime: Runtime, client: httpx.AsyncClient, sender: Sender, postbox: Postbox
) -> None:
    await strike(runtime, 60)
    postbox.delay_s = 0.05
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.notifier.sending_process")
    try:
        await _mails(postbox, 10)
    finally:
        process.kill()
        await process.wait()
    await client.post(f"{WHERE}/stop", json=EVE)
    async with runtime.transaction() as tx:  # its lease ends
        await tx.execute(text("update messages set leased_until = now() where state = 'sending'"))
    before = len(postbox.mails)
    while await sender.report_lost():
        await runtime.fold([], until=hour(11))
    await again(sender)
    assert len(postbox.mails) == before
    await client.post(f"{WHERE}/resume", json=EVE)
    await again(sender)
    found = await told(client)
    assert (found["sent"], found["intended"], found["unknown"]) == (60, 60, 0)
    twice = [name for name, number in recipients(postbox).items() if number > 1]
    assert len(recipients(postbox)) == 60
    assert (
        len(twice) <= 50
    )  # what one moment's report held: answered, not yet written down, said again by the same name
    assert max(recipients(postbox).values()) <= 2


# --- the rules ---


def test_what_concerns_many_is_told_apart_from_what_concerns_one_and_together_with_its_like() -> None:
    life = Life([known(), told_to_many(10), told_to_many(10, "o2"), opened(10, order_id="o3")], until=11)
    found = {one.order_id: (one.state, one.broadcast_id) for one in life.account.messages.values()}
    assert found == {"o1": ("ready", STRIKE), "o2": ("joined", STRIKE), "o3": ("ready", None)}


def test_its_end_is_part_of_the_same_broadcast() -> None:
    life = Life([known(), told_to_many(10), over(12)], until=13)
    assert {one.kind: one.broadcast_id for one in life.account.messages.values()} == {
        "issue_opened": STRIKE, "issue_resolved": STRIKE,
    }  # fmt: skip


def test_only_a_disruption_is_a_broadcast() -> None:
    event = opened(10)
    odd = replace(event, data=replace(event.data, evidence={"disruption_id": STRIKE}))
    assert Life([known(), odd], until=11).message("issue_opened").broadcast_id is None


def test_everything_that_cheers_or_asks_waits_for_its_end() -> None:
    life = Life([known(), told_to_many(10, severity=Severity.serious), survey(10.5)], until=11)
    assert (life.message("survey").state, life.message("survey").reason) == ("held", "issue_open")
    life.live([over(12)], until=13)
    assert life.message("survey").reason == "after_issue"
