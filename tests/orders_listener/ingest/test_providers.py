"""The table of providers: where each puts topic, key and shop, and what happens where it put nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from chassis.environment import settings_problem
from orders_listener.ingest.hooks import BadHook
from orders_listener.ingest.providers import PROVIDERS, hook_of
from orders_listener.ingest.signatures import Delivery
from orders_listener.settings import OrdersListenerSettings
from tests.conftest import LINK_KEYS

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SHOPIFY = {
    "x-shopify-topic": "orders/create", "x-shopify-shop-domain": "berlin.myshopify.com", "x-shopify-event-id": "e-1",
    "x-shopify-webhook-id": "w-1",
}  # fmt: skip
WOO = {
    "x-wc-webhook-topic": "order.updated", "x-wc-webhook-source": "https://shop.example/de/",
    "x-wc-webhook-delivery-id": "d-1",
}  # fmt: skip
EMPTY = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
"""SHA-256 of `{}`."""
HOOKS: list[tuple[str, Mapping[str, str], bytes, str, str, str]] = [
    ("shopify", SHOPIFY, b"{}", "orders/create", "e-1:a3a6bf43", "/shopify/berlin.myshopify.com"),
    ("shopify", {**SHOPIFY, "x-shopify-event-id": ""}, b"{}", "orders/create", "w-1", "/shopify/berlin.myshopify.com"),
    ("shopify", {}, b"{}", "none", EMPTY, "/shopify"),
    ("shopify", {"x-shopify-shop-domain": "a b\u00fc"}, b"{}", "none", EMPTY, "/shopify/a-b-"),
    ("woocommerce", WOO, b"{}", "order.updated", "d-1", "/woocommerce/shop.example/de"),
    ("easypost", {}, b'{"id":"evt_1","description":"tracker.updated"}', "tracker.updated", "evt_1", "/easypost"),
    ("easypost", {}, b"{}", "none", EMPTY, "/easypost"),
    ("aftership", {}, b'{"event_id":"e-1","event":"edd_revise"}', "edd_revise", "e-1", "/aftership"),
    ("aftership", {}, b'{"event_id":17,"event":null}', "none", "17", "/aftership"),
]


@pytest.mark.parametrize(("provider", "headers", "body", "topic", "key", "source"), HOOKS)
def test_a_hook_is_known_by_its_topic_its_key_and_its_shop(
    provider: str, headers: Mapping[str, str], body: bytes, topic: str, key: str, source: str
) -> None:
    hook = hook_of(PROVIDERS[provider], Delivery(headers, body, NOW))
    assert (hook.topic, hook.key, hook.source) == (topic, key, source)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"id":', b"\xff\xfe", b"[" * 100_000, b'{"id": "\\ud800"}'])
def test_a_body_that_says_nothing_of_itself_is_bad(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook_of(PROVIDERS["easypost"], Delivery({}, body, NOW))


@pytest.mark.parametrize(
    ("headers", "body", "is_ping"),
    [
        ({}, b"webhook_id=17", True),
        (WOO, b"webhook_id=17", False),
        ({}, b"webhook_id=17&order=1", False),
        ({}, b"{}", False),
    ],
)
def test_only_a_greeting_needs_no_signature(headers: Mapping[str, str], body: bytes, *, is_ping: bool) -> None:
    assert PROVIDERS["woocommerce"].is_ping(Delivery(headers, body, NOW)) is is_ping
    assert not PROVIDERS["shopify"].is_ping(Delivery(headers, body, NOW))


def test_every_provider_has_a_setting() -> None:
    fields = {name for name in OrdersListenerSettings.model_fields if name.startswith("ingest_")}
    assert {f"ingest_{name}_secrets" for name in (*PROVIDERS, "cloudevents")} == fields - {"ingest_body_bytes"}


@pytest.mark.parametrize(
    ("environment", "wrong"),
    [
        ({"ORDERS_LISTENER_INGEST_CLOUDEVENTS_SECRETS": "hush"}, "ORDERS_LISTENER_INGEST_CLOUDEVENTS_SECRETS"),
        (
            {"ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS": "hush", "CLOCK": "simulated"},
            "ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS",
        ),
        ({"ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS": " hush , hush2,", "CLOCK": "real"}, None),
        ({"ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS": "", "CLOCK": "simulated"}, None),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_at_the_start_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], wrong: str | None
) -> None:
    required = {"ORDERS_LISTENER_DATABASE_URL": "postgresql+asyncpg://nobody@nowhere/nothing", "LINK_KEYS": LINK_KEYS}
    for name, text in (required | environment).items():
        monkeypatch.setenv(name, text)
    if wrong is None:
        secrets = OrdersListenerSettings().ingest_secrets()
        assert secrets["shopify"] in ([], ["hush", "hush2"])
        return
    with pytest.raises(ValidationError) as refused:
        OrdersListenerSettings()
    said = settings_problem(refused.value)
    assert wrong in said
    assert "hush" not in said


def test_two_parcels_that_one_click_sent_are_two_hooks() -> None:
    """Shopify gives everything that one action leads to the same event id."""
    one, other, again = (
        hook_of(PROVIDERS["shopify"], Delivery(SHOPIFY, body, NOW)) for body in (b"[1]", b"[2]", b"[1]")
    )
    assert one.key == again.key != other.key
    assert one.key.startswith("e-1")
