"""What the edge answers to whom, each no as a problem that is counted and never repeats what was in the body."""

import json
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from chassis.runtime import Runtime
from orders_listener.app import application
from tests.conftest import ClientOf, RuntimeOf
from tests.orders_listener.ingest.conftest import SECRETS
from tests.orders_listener.ingest.hooks import (
    EASYPOST_SECRETS,
    ago,
    deliver,
    easypost_headers,
    placed,
    shopify_headers,
    standard_headers,
    structured,
    told,
    tracked,
    tracker,
)
from tests.running import rows, running

SECRET_WORD = "Wiesenweg"
"""Stands in bodies and must stand in no answer and no log."""


def counted(provider: str, fate: str, reason: str) -> float:
    labels = {"provider": provider, "fate": fate, "reason": reason}
    return REGISTRY.get_sample_value("rapport_hooks_total", labels) or 0.0


def signed(body: bytes) -> dict[str, str]:
    return easypost_headers(body)


def fulfilment(**fields: Any) -> bytes:
    return json.dumps({"id": 7, "order_id": 4, "status": "success", "note": SECRET_WORD, **fields}).encode()


BIG = b'{"note": "' + b"x" * 70_000 + b'"}'
BROKEN = b'{"note": "' + SECRET_WORD.encode()
LIST = b'["' + SECRET_WORD.encode() + b'"]'
BAD_EVENT = json.dumps(structured("order-placed", "1", placed() | {"total_minor": -1, "note": SECRET_WORD})).encode()
OURS = json.dumps(structured("order-placed", "1", placed()) | {"type": "orders.order-confirmed.v1"}).encode()


def unsigned(_: bytes) -> dict[str, str]:
    return {}


def stale(body: bytes) -> dict[str, str]:
    return standard_headers(body, at_s=time.time() - 400)


REFUSED: list[tuple[str, str, bytes, Callable[[bytes], dict[str, str]], int, str]] = [
    ("nobody by this name", "nobody", b"{}", unsigned, 404, "provider_unknown"),
    ("a provider without a secret", "woocommerce", b"{}", unsigned, 404, "provider_not_connected"),
    ("no signature", "easypost", tracker(), unsigned, 401, "signature_missing"),
    ("another's signature", "easypost", tracker(), partial(easypost_headers, secret="guessed"), 401, "signature_wrong"),
    ("another body", "easypost", tracker("evt_2"), lambda _: signed(tracker("evt_1")), 401, "signature_wrong"),
    ("an old moment", "cloudevents", BAD_EVENT, stale, 401, "signature_stale"),
    ("half a body", "easypost", BROKEN, signed, 400, "body_unreadable"),
    ("half a body of Shopify", "shopify", BROKEN, shopify_headers, 400, "body_unreadable"),
    ("a list", "shopify", LIST, shopify_headers, 400, "body_unreadable"),
    ("half an event", "cloudevents", BROKEN, standard_headers, 400, "truncated_json"),
    ("too much", "easypost", BIG, signed, 413, "body_too_large"),
    ("an event that breaks its contract", "cloudevents", BAD_EVENT, standard_headers, 422, "negative"),
    ("what only a service says", "cloudevents", OURS, standard_headers, 422, "not_a_storefront_fact"),
]


@pytest.mark.parametrize(
    ("provider", "body", "sign", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_a_no_is_a_problem_and_is_counted(
    shop: httpx.AsyncClient,
    capfd: pytest.CaptureFixture[str],
    provider: str,
    body: bytes,
    sign: Callable[[bytes], dict[str, str]],
    status: int,
    code: str,
) -> None:
    name = "unknown" if provider == "nobody" else provider
    before = counted(name, "refused", code)
    answered = await deliver(shop, provider, body, sign(body))
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert answered.headers["content-type"] == "application/problem+json"
    assert counted(name, "refused", code) == before + 1
    assert SECRET_WORD not in answered.text + "".join(capfd.readouterr())


async def test_who_is_not_connected_is_told_which_setting_connects(shop: httpx.AsyncClient) -> None:
    answered = await deliver(shop, "woocommerce", b"{}", {})
    assert "ORDERS_LISTENER_INGEST_WOOCOMMERCE_SECRETS" in answered.json()["detail"]


async def test_a_contract_is_named_with_the_field_that_broke_it(shop: httpx.AsyncClient) -> None:
    answered = await deliver(shop, "cloudevents", BAD_EVENT, standard_headers(BAD_EVENT))
    assert "total_minor" in answered.json()["detail"]


async def test_a_body_of_unknown_length_is_not_read_further_than_it_may_be_long(shop: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 16_384

    answered = await shop.post("/v1/ingest/easypost", content=endless())
    assert answered.status_code == 413


@pytest.mark.parametrize("secret", EASYPOST_SECRETS)
async def test_the_old_secret_and_the_new_one_hold_at_once(shop: httpx.AsyncClient, secret: str) -> None:
    body = tracker(secret)
    assert (await deliver(shop, "easypost", body, easypost_headers(body, secret))).status_code == 200


async def test_what_is_nobodys_business_is_accepted_and_counted(shop: httpx.AsyncClient) -> None:
    other = json.dumps({"id": "evt_9", "description": "batch.created", "result": {}}).encode()
    answered = await tracked(shop, other)
    assert (answered.status_code, answered.json()["accepted"]) == (200, 0)
    reason = answered.json()["ignored"]
    assert reason
    before = counted("easypost", "ignored", reason)
    await tracked(shop, other)
    assert counted("easypost", "ignored", reason) == before + 1
    foreign = await told(shop, structured("x", "1", {}) | {"type": "com.example.lamp-switched-on"})
    assert (foreign.status_code, foreign.json()["ignored"]) == (200, "unknown_type")


async def test_an_answer_is_fresh_and_guarded_like_every_other(shop: httpx.AsyncClient) -> None:
    answered = await tracked(shop, tracker())
    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["content-type"] == "application/json"


async def test_a_redelivery_says_the_same_again(edge: Runtime, shop: httpx.AsyncClient) -> None:
    """The same ids and bytes: the fold takes it once, whatever the provider does."""
    events = [structured("order-placed", "1", placed()), structured("order-paid", "2", _paid())]
    async with running(edge) as service:
        for _ in range(3):
            assert (await told(shop, *events)).json()["accepted"] == 2
        await service.consumed(6)
    [found] = await rows(
        edge, "select sum(applied) as applied, sum(duplicate) as again, sum(parked) as bad from positions"
    )
    assert (found["applied"], found["again"], found["bad"]) == (2, 4, 0)


def _paid() -> dict[str, Any]:
    return {"customer_id": "ada", "order_id": "o-1", "occurred_at": ago(2), "amount_minor": 4_000}


async def test_the_database_away_means_come_again(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    nobody = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    away = await runtime_of(application, ORDERS_LISTENER_DATABASE_URL=nobody, **SECRETS)
    answered = await tracked(await client_of(away, keyed=False), tracker())
    assert (answered.status_code, answered.json()["code"]) == (503, "database_away")
    assert int(answered.headers["retry-after"]) > 0
