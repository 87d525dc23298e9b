"""Facts reach who wants them, signed as the standard says, at least once, and nobody is led to a place of ours."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from chassis.runtime import Runtime
from contracts.catalogue import catalogue
from contracts.past import past_correlation
from notifier import webhook_store
from notifier.app import application
from notifier.courier import Courier
from notifier.settings import NotifierSettings
from notifier.webhooks import JITTER, PAUSES, PUBLIC_TOPICS, Attempt, Fate, after_failure, secret_of, signed
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import confirmed, delivered, erased, hour, known, opened, shipped, survey
from tests.notifier.receiver import Receiver, open_receiver
from tests.running import rows, until

SINCE = {"since": "2020-01-01T00:00:00Z"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with open_receiver(tmp_path) as opened_receiver:
        yield opened_receiver


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, receiver: Receiver, tmp_path: Path) -> Runtime:
    assert receiver.port
    return await runtime_of(
        application, CLOCK="simulated", NOTIFIER_WEBHOOK_NETWORKS="127.0.0.0/8",
        NOTIFIER_WEBHOOK_CA_FILE=str(tmp_path / "ca.pem"),
    )  # fmt: skip


@pytest.fixture
async def courier(runtime: Runtime) -> AsyncIterator[Courier]:
    made = courier_of(runtime)
    yield made
    await made.close()


def courier_of(runtime: Runtime, *, closed: bool = False, **how: Any) -> Courier:
    """`closed`: no network of this machine is allowed."""
    assert isinstance(runtime.settings, NotifierSettings)
    settings = runtime.settings.model_copy(update={"webhook_networks": ""}) if closed else runtime.settings
    return Courier(runtime, settings, **how)


async def add(client: httpx.AsyncClient, receiver: Receiver, *types: str, host: str = "localhost") -> dict[str, Any]:
    url = f"https://{host}:{receiver.port}/hooks?shop=1"
    answer = await client.post("/v1/webhooks", json={"url": url, "types": list(types)})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def owed(client: httpx.AsyncClient, webhook: dict[str, Any], state: str | None = None) -> list[dict[str, Any]]:
    query = {"state": state} if state else {}
    page = (await client.get(f"/v1/webhooks/{webhook['webhook_id']}/deliveries", params=query)).json()
    return list(page["data"])


async def shown(client: httpx.AsyncClient, webhook: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/webhooks/{webhook['webhook_id']}")).json()
    return found


async def due_now(runtime: Runtime) -> None:
    """Pauses, leases and rests are over."""
    async with runtime.transaction() as tx:
        await tx.execute(text("update webhook_deliveries set next_at = now() where ended_at is null"))
        await tx.execute(text("update webhooks set rests_until = null"))


# --- what is posted ---


async def test_a_fact_is_posted_signed_and_in_the_form_that_the_standard_names(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    webhook = await add(client, receiver, "notifications.*")
    await runtime.fold([confirmed(10)], until=hour(11))
    assert await courier.deliver_some(webhook["webhook_id"]) == 1
    [got] = receiver.got
    assert got.path == "/hooks?shop=1"
    assert got.headers["content-type"] == "application/json"
    said = Webhook(webhook["secret"]).verify(got.body, got.headers)
    [row] = await rows(runtime, "select value, headers from outbox")
    headers = dict(json.loads(row["headers"]))
    assert said["data"] == json.loads(row["value"])
    assert said["type"] == "notifications.message_held.v1"
    assert said["id"] == headers["ce_id"]
    assert said["correlation_id"] == headers["ce_correlationid"]
    assert datetime.fromisoformat(said["timestamp"]) == hour(10)
    assert "." not in got.headers["webhook-id"]
    [one] = await owed(client, webhook)
    assert (one["state"], one["status"], one["attempts"]) == ("arrived", 204, 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(b"x" * 32)).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(got.body.replace(b"ada", b"eve"), got.headers)


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_signature_is_as_the_independent_library_makes_it(size: int) -> None:
    secret, now = secret_of(bytes(range(size))), datetime.now(UTC)
    ours = signed("0d6e2d44", b'{"a":1}', [secret], now)
    assert ours["webhook-signature"] == Webhook(secret).sign("0d6e2d44", now, '{"a":1}')


async def test_who_wants_some_facts_gets_those_and_the_same_fact_has_one_id_everywhere(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    some = await add(client, receiver, "orders.issue_opened.v1", "notifications.*")
    everything = await add(client, receiver)
    none = await add(client, receiver, "loyalty.*")
    await runtime.fold([known(), confirmed(10), opened(10.5), survey(10.6)], until=hour(11))
    wanted = {one["type"]: one["event_id"] for one in await owed(client, some)}
    assert sorted(wanted) == ["notifications.message_held.v1", "orders.issue_opened.v1"]
    of_all = {one["type"]: one["event_id"] for one in await owed(client, everything)}
    assert set(of_all) == {*wanted, "orders.order_confirmed.v1", "feedback.survey_due.v1"}
    assert of_all["orders.issue_opened.v1"] == wanted["orders.issue_opened.v1"]
    assert await owed(client, none) == []


async def test_a_fact_that_is_said_again_is_owed_once(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    webhook = await add(client, receiver)
    for _ in range(2):
        await runtime.fold([known(), opened(10)], until=hour(11))
    types = sorted(one["type"] for one in await owed(client, webhook))
    assert types == ["notifications.message_held.v1", "orders.issue_opened.v1"]


async def test_nobody_is_named_and_nothing_is_told_of_an_imported_past(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    await add(client, receiver)
    story = [known(), confirmed(10), shipped(11), opened(12), delivered(13), survey(14)]
    past = replace(confirmed(9, "o9"), correlation_id=past_correlation(hour(9), "x"))
    await runtime.fold([*story, past], until=hour(40))
    bodies = "".join(row["body"] for row in await rows(runtime, "select body from webhook_deliveries"))
    assert "o1" in bodies
    assert [word for word in ("ada@example.org", "Ada", "example.org", "o9") if word in bodies] == []
    topics = {entry.topic for entry in catalogue().values()}
    assert not any(topic.startswith("storefront") for topic in PUBLIC_TOPICS)
    assert topics - PUBLIC_TOPICS == {"", "storefront.customers", "storefront.orders", "storefront.shipments"}


async def test_of_somebody_erased_nothing_is_kept_and_nothing_is_told_any_more(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    webhook = await add(client, receiver)
    bob = [replace(one, id=f"bob {one.id}", data=replace(one.data, customer_id="bob")) for one in (confirmed(10),)]
    await runtime.fold([known(), confirmed(10), opened(10.5), *bob], until=hour(11))
    await runtime.fold([erased(12)], until=hour(13))
    await runtime.fold([delivered(14)], until=hour(15))
    assert {one["customer_id"] for one in await owed(client, webhook)} == {"bob"}
    while await courier.deliver_some(webhook["webhook_id"]):
        pass
    assert {json.loads(one.body)["data"]["customer_id"] for one in receiver.got} == {"bob"}


# --- secrets ---


async def test_a_secret_is_shown_once_and_the_one_of_before_signs_for_a_day_more(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    webhook = await add(client, receiver, "orders.*")
    where = f"/v1/webhooks/{webhook['webhook_id']}"
    second = (await client.post(f"{where}/secret")).json()
    assert second["secret"] != webhook["secret"]
    assert second["former_secret_until"] is not None
    shown_later = [(await client.get(one)).text for one in (where, "/v1/webhooks", f"{where}/deliveries")]
    assert "whsec_" not in "".join(shown_later)
    await runtime.fold([confirmed(10)], until=hour(11))
    await courier.deliver_some(webhook["webhook_id"])
    for secret in (webhook["secret"], second["secret"]):
        Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
    async with runtime.transaction() as tx:
        await tx.execute(text("update webhooks set former_until = now()"))
    await runtime.fold([shipped(11)], until=hour(12))
    await courier.deliver_some(webhook["webhook_id"])
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(receiver.got[1].body, receiver.got[1].headers)


# --- where nobody goes ---


async def failed_with(client: httpx.AsyncClient, webhook: dict[str, Any]) -> list[tuple[int | None, str | None]]:
    return [(one["status"], one["error"]) for one in await owed(client, webhook)]


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "127.1", "0"])
async def test_no_name_and_no_number_leads_inside(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, host: str
) -> None:
    webhook = await add(client, receiver, host=host)
    await runtime.fold([confirmed(10)])
    courier = courier_of(runtime, closed=True)
    await courier.deliver_some(webhook["webhook_id"])
    await courier.close()
    assert await failed_with(client, webhook) == [(None, "forbidden_address")]
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"], ["169.254.169.254"]]
)
async def test_a_name_that_was_harmless_when_it_was_entered_leads_nowhere_later(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, addresses: list[str]
) -> None:
    webhook = await add(client, receiver, host="crm.example")
    await runtime.fold([confirmed(10)])

    async def rebound(_host: str, _port: int) -> list[str]:
        return addresses

    courier = courier_of(runtime, closed=True, resolve=rebound)
    await courier.deliver_some(webhook["webhook_id"])
    await courier.close()
    assert await failed_with(client, webhook) == [(None, "forbidden_address")]
    assert receiver.connections == 0


async def test_what_was_judged_is_what_is_connected_to_and_nobody_looks_twice(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    webhook = await add(client, receiver, host="crm.example")
    await runtime.fold([confirmed(10)])
    asked: list[str] = []

    async def once(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    courier = courier_of(runtime, resolve=once)
    await courier.deliver_some(webhook["webhook_id"])
    await courier.close()
    assert asked == ["crm.example"]
    assert [one["state"] for one in await owed(client, webhook)] == ["arrived"]
    assert receiver.got[0].headers["host"] == f"crm.example:{receiver.port}"


async def test_a_certificate_for_another_name_is_none(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    webhook = await add(client, receiver, host="evil.example")
    await runtime.fold([confirmed(10)])

    async def there(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    courier = courier_of(runtime, resolve=there)
    await courier.deliver_some(webhook["webhook_id"])
    await courier.close()
    assert await failed_with(client, webhook) == [(None, "tls_failed")]
    assert receiver.got == []


async def test_nobody_is_followed_anywhere(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    receiver.answers = [f"302 Found\r\nLocation: https://localhost:{receiver.port}/inside"]
    webhook = await add(client, receiver)
    await runtime.fold([confirmed(10)])
    await courier.deliver_some(webhook["webhook_id"])
    assert await failed_with(client, webhook) == [(302, None)]
    assert [one.path for one in receiver.got] == ["/hooks?shop=1"]


@pytest.mark.parametrize("url", ["http://crm.example/", "https://127.1.1.1@crm.example/", "https://10.0.0.1/x"])
async def test_what_is_plainly_wrong_is_refused_when_it_is_entered(client: httpx.AsyncClient, url: str) -> None:
    assert (await client.post("/v1/webhooks", json={"url": url})).status_code == 422
    assert (await client.get("/v1/webhooks")).json() == []


# --- when it fails ---


async def test_what_failed_is_posted_again_under_the_same_id(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    receiver.answers = ["500 Oops", "404 Not Found"]
    webhook = await add(client, receiver)
    await runtime.fold([confirmed(10)])
    for _ in range(3):
        await due_now(runtime)
        assert await courier.deliver_some(webhook["webhook_id"]) == 1
    assert len(set(receiver.ids)) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.got}) >= 1
    [one] = await owed(client, webhook)
    assert (one["state"], one["attempts"]) == ("arrived", 3)
    assert (await shown(client, webhook))["failures"] == 0


async def test_gone_is_the_end_until_somebody_enables_it_again(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    receiver.answers = ["410 Gone"]
    webhook = await add(client, receiver, "orders.*")
    where = f"/v1/webhooks/{webhook['webhook_id']}"
    await runtime.fold([confirmed(10)])
    await courier.deliver_some(webhook["webhook_id"])
    assert (await shown(client, webhook))["disabled_reason"] == "gone"
    await runtime.fold([shipped(11)])
    assert len(await owed(client, webhook)) == 1
    assert (await client.post(f"{where}/replay", json=SINCE)).json()["code"] == "webhook_disabled"
    again = await client.patch(where, json={"enabled": True})
    assert again.json()["enabled"] is True
    assert (await client.post(f"{where}/replay", json=SINCE | {"arrived_too": True})).json() == {"deliveries": 1}
    assert await courier.deliver_some(webhook["webhook_id"]) == 1
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize("answer", ["429 Slow down", "503 Not now"])
async def test_who_asks_to_be_left_alone_is(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier, answer: str
) -> None:
    receiver.answers = [f"{answer}\r\nRetry-After: 3600"]
    webhook = await add(client, receiver)
    await runtime.fold([confirmed(10)])
    await courier.deliver_some(webhook["webhook_id"])
    rests_until = datetime.fromisoformat((await shown(client, webhook))["rests_until"])
    assert timedelta(minutes=59) < rests_until - datetime.now(UTC) <= timedelta(hours=1)
    await runtime.fold([shipped(11)])
    assert await courier.deliver_some(webhook["webhook_id"]) == 0


async def test_who_fails_again_and_again_rests_and_is_then_tried_with_one(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    receiver.answers = ["500 Oops"] * 8
    webhook = await add(client, receiver, "orders.*")
    await runtime.fold([confirmed(10, f"o{number}") for number in range(8)])
    assert await courier.deliver_some(webhook["webhook_id"]) == 8
    assert (await shown(client, webhook))["failures"] == 8
    async with runtime.transaction() as tx:
        await tx.execute(text("update webhook_deliveries set next_at = now()"))
    receiver.answers = ["500 Oops"]
    assert await courier.deliver_some(webhook["webhook_id"]) == 1
    assert (await shown(client, webhook))["rests_until"] is not None
    assert await courier.deliver_some(webhook["webhook_id"]) == 0
    await due_now(runtime)
    assert await courier.deliver_some(webhook["webhook_id"]) == 1
    assert await courier.deliver_some(webhook["webhook_id"]) == 7
    found = await shown(client, webhook)
    assert (found["failures"], found["rests_until"], found["arrived"]) == (0, None, 8)


async def test_who_does_not_answer_holds_up_nobody_for_long(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.connecting.TIMEOUT_S", 0.3)
    receiver.may_answer.clear()
    webhook = await add(client, receiver)
    await runtime.fold([confirmed(10)])
    await courier.deliver_some(webhook["webhook_id"])
    assert await failed_with(client, webhook) == [(None, "timeout")]


async def test_what_was_given_up_is_listed_and_posted_again_when_somebody_asks(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    webhook = await add(client, receiver, "orders.*")
    where = f"/v1/webhooks/{webhook['webhook_id']}"
    await runtime.fold([confirmed(10, "o1"), confirmed(10, "o2")])
    receiver.answers = ["500 Oops"] * 2
    async with runtime.transaction() as tx:
        await tx.execute(text("update webhook_deliveries set attempts = :most"), {"most": len(PAUSES)})
    await courier.deliver_some(webhook["webhook_id"])
    given_up = await owed(client, webhook, "failed")
    assert [(one["status"], one["attempts"], one["next_at"]) for one in given_up] == [(500, 10, None)] * 2
    one = given_up[0]["event_id"]
    assert (await client.post(f"{where}/deliveries/{one}/replay")).json() == {"deliveries": 1}
    await courier.deliver_some(webhook["webhook_id"])
    assert receiver.ids.count(one) == 2
    assert (await client.post(f"{where}/replay", json=SINCE)).json() == {"deliveries": 1}
    await courier.deliver_some(webhook["webhook_id"])
    found = await shown(client, webhook)
    assert (found["arrived"], found["failed"], found["waiting"]) == (2, 0, 0)
    assert (await client.post(f"{where}/deliveries/nothing/replay")).json()["code"] == "unknown_delivery"
    future = {"since": "2100-01-01T00:00:00Z", "arrived_too": True}
    assert (await client.post(f"{where}/replay", json=future)).json() == {"deliveries": 0}


async def test_killed_between_the_answer_and_the_record_it_is_posted_again_under_the_same_id(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    receiver.may_answer.clear()
    webhook = await add(client, receiver)
    await runtime.fold([confirmed(10)])
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.notifier.posting_process")
    try:
        await asyncio.wait_for(receiver.received.wait(), 30)
        async with runtime.transaction() as tx:  # its record waits for us
            await tx.execute(text("select from webhook_deliveries for update"))
            receiver.may_answer.set()
            await asyncio.sleep(0.5)
            process.kill()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    [one] = await owed(client, webhook)
    assert (one["state"], one["attempts"]) == ("waiting", 1)
    assert await courier.deliver_some(webhook["webhook_id"]) == 0
    await due_now(runtime)
    assert await courier.deliver_some(webhook["webhook_id"]) == 1
    assert receiver.ids == [one["event_id"]] * 2
    assert [found["state"] for found in await owed(client, webhook)] == ["arrived"]


async def test_two_couriers_post_nothing_twice_and_the_task_ends_when_it_is_told(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    fast = await add(client, receiver, "orders.*")
    slow = await add(client, receiver, "feedback.*")
    tasks = [asyncio.create_task(courier_of(runtime).run()) for _ in range(2)]
    await runtime.fold([*(confirmed(10, f"o{number}") for number in range(60)), survey(10)])

    async def all_there() -> bool:
        return len(receiver.got) >= 61

    await until(all_there)
    await asyncio.sleep(0.6)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(receiver.ids) == len(set(receiver.ids)) == 61
    assert (await shown(client, fast))["arrived"] == 60
    assert (await shown(client, slow))["arrived"] == 1
    assert receiver.connections < 61


async def test_what_is_long_over_is_forgotten(
    runtime: Runtime, client: httpx.AsyncClient, receiver: Receiver, courier: Courier
) -> None:
    webhook = await add(client, receiver, "orders.*")
    await runtime.fold([confirmed(10), shipped(11)])
    await courier.deliver_some(webhook["webhook_id"])
    async with runtime.transaction() as tx:
        await tx.execute(text("update webhook_deliveries set ended_at = now() - interval '31 days'"))
        assert await webhook_store.forget_old(tx, timedelta(days=30), 1) == 1
    assert len(await owed(client, webhook)) == 1
    assert (await client.delete(f"/v1/webhooks/{webhook['webhook_id']}")).status_code == 204
    assert await rows(runtime, "select 1 from webhook_deliveries") == []
    assert (await client.get(f"/v1/webhooks/{webhook['webhook_id']}")).json()["code"] == "unknown_webhook"


# --- the rules ---


@pytest.mark.parametrize(
    ("status", "fate"),
    [(200, "arrived"), (204, "arrived"), (299, "arrived"), (301, "failed"), (400, "failed"), (410, "gone"),
     (429, "failed"), (500, "failed"), (None, "failed"), (102, "failed")],
)  # fmt: skip
def test_only_2xx_is_success(status: int | None, fate: str) -> None:
    assert Attempt(event_id="x", status=status).fate is Fate(fate)


def test_it_is_tried_for_three_days_with_longer_and_longer_pauses() -> None:
    failure = Attempt(event_id="x", status=500)
    for attempts, pause in enumerate(PAUSES, start=1):
        early, late = (after_failure(failure, attempts, 1, NOW, chance).next_at for chance in (0, 1))
        assert (early, late) == (NOW + pause, NOW + pause * (1 + JITTER))
    assert after_failure(failure, len(PAUSES) + 1, 1, NOW, 0).next_at is None
    assert timedelta(hours=75) < sum(PAUSES, timedelta()) < timedelta(hours=76)


@pytest.mark.parametrize(
    ("wish", "wait"),
    [("120", 120), (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90), ("999999999999", 86_400),
     (format_datetime(NOW - timedelta(days=1), usegmt=True), 0), ("soon", None), ("-5", None), ("1.5", None)],
)  # fmt: skip
def test_a_wish_to_be_left_alone_is_believed_within_reason(wish: str, wait: int | None) -> None:
    found = Attempt(event_id="x", status=503, retry_after=wish).wished(NOW)
    assert found == (None if wait is None else timedelta(seconds=wait))
    assert Attempt(event_id="x", status=500, retry_after=wish).wished(NOW) is None


def test_an_endpoint_rests_longer_the_longer_it_fails() -> None:
    failure = Attempt(event_id="x", error="timeout")
    rests = [after_failure(failure, 1, failures, NOW, 0).rests_until for failures in (4, 5, 6, 7, 100)]
    minutes = [None if one is None else (one - NOW).total_seconds() / 60 for one in rests]
    assert minutes == [None, 0.5, 1, 2, 60]
