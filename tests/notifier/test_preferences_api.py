"""What the care team writes down for a customer holds like the customer's own choice, and says how they said it."""

from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Channel
from notifier.app import application
from notifier.people import Preferences
from notifier.schemas import PREFERENCES_PUT
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, erased, hour, known
from tests.notifier.persons import EVERYWHERE, change

WHERE = f"/v1/people/{ADA}/preferences"
USUAL: dict[str, Any] = {
    "customer_id": ADA,
    "channels": {"email": {"service": True, "loyalty": True, "survey": True, "marketing": False}},
    "channel": None, "language": None, "quiet_hours": None, "paused_until": None, "hour": None,
}  # fmt: skip


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    made = await runtime_of(application)
    await made.fold([known()], until=hour(1))
    return made


async def decided(runtime: Runtime) -> list[tuple[str, str, str]]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select subject, outcome, reason from decisions order by decision_id"))
        return [(row.subject, row.outcome, row.reason) for row in rows]


async def test_who_never_chose_has_the_usual(client: httpx.AsyncClient) -> None:
    assert (await client.get(WHERE)).json() == USUAL


async def test_what_is_written_down_is_shown_decided_and_said_and_only_what_differs(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    answer = await client.put(WHERE, json=PREFERENCES_PUT)
    assert (answer.status_code, answer.json()) == (200, (await client.get(WHERE)).json())
    assert answer.json() | {"evidence": PREFERENCES_PUT["evidence"]} == PREFERENCES_PUT | {"customer_id": ADA}
    assert await decided(runtime) == [
        ("email:survey", "unwanted", "care"), ("language", "chosen", "care"), ("quiet_hours", "chosen", "care"),
        ("paused_until", "chosen", "care"), ("hour", "chosen", "care"),
    ]  # fmt: skip
    [consent] = (await client.get(f"/v1/people/{ADA}")).json()["consents"]
    assert (consent["purpose"], consent["given"]) == ("survey", False)
    assert consent["evidence"] == "care team: telephone call about order o-17"
    await client.put(WHERE, json=PREFERENCES_PUT)
    assert len(await decided(runtime)) == 5


async def test_null_gives_the_usual_way_back(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await client.put(WHERE, json=PREFERENCES_PUT)
    usual = {name: value for name, value in USUAL.items() if name != "customer_id"}
    assert (await client.put(WHERE, json=usual | {"evidence": "letter"})).json() == USUAL
    assert ("language", "cleared", "care") in await decided(runtime)


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "tlh"},
        {"quiet_hours": {"begins": "21:00"}},
        {"quiet_hours": {"begins": "24:00", "ends": "08:00"}},
        {"quiet_hours": {"begins": "21:00\n", "ends": "08:00"}},
        {"paused_until": "2026-03-09T10:00:00"},
        {"paused_until": "9999-03-09T10:00:00Z"},
        {"channels": {"email": {"service": True}}},
        {"channels": {}},
        {"channels": {"sms": USUAL["channels"]["email"]}},
        {"channel": "sms"},
        {"channel": "pigeon"},
        {"evidence": ""},
        {"another": 1},
    ],
)
async def test_what_is_wrong_or_missing_is_refused_whole(
    client: httpx.AsyncClient, runtime: Runtime, wrong: dict[str, Any]
) -> None:
    assert (await client.put(WHERE, json=PREFERENCES_PUT | wrong)).status_code == 422
    assert (await client.get(WHERE)).json() == USUAL
    assert await decided(runtime) == []


@pytest.mark.parametrize("name", PREFERENCES_PUT)
async def test_nothing_is_left_out_by_accident(client: httpx.AsyncClient, name: str) -> None:
    part = {key: value for key, value in PREFERENCES_PUT.items() if key != name}
    assert (await client.put(WHERE, json=part)).status_code == 422


async def test_on_every_channel_with_an_address_something_can_be_written_down(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await change(runtime, addresses=EVERYWHERE)
    shown = (await client.get(WHERE)).json()
    orders_only = {"service": True, "loyalty": False, "survey": False, "marketing": False}
    assert shown["channels"] == USUAL["channels"] | {"sms": orders_only, "chat": orders_only}
    del shown["customer_id"]
    chosen = shown | {"channels": {"sms": orders_only | {"survey": True}}, "channel": "sms", "evidence": "letter"}
    answer = (await client.put(WHERE, json=chosen)).json()
    assert answer["channel"] == "sms"
    assert answer["channels"] == shown["channels"] | chosen["channels"]
    assert await decided(runtime) == [("sms:survey", "wanted", "care"), ("channel", "chosen", "care")]


async def test_what_is_shown_can_be_put_back_though_the_preferred_channel_lost_its_address(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await change(runtime, preferences=Preferences(channel=Channel.sms))
    shown = (await client.get(WHERE)).json()
    assert shown.pop("customer_id") == ADA
    assert (await client.put(WHERE, json=shown | {"evidence": "letter"})).status_code == 200
    assert await decided(runtime) == []


async def test_of_strangers_and_the_forgotten_nothing_is_written_down(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    for_nobody = "/v1/people/nobody/preferences"
    assert (await client.get(for_nobody)).status_code == 404
    assert (await client.put(for_nobody, json=PREFERENCES_PUT)).status_code == 404
    await runtime.fold([erased(2)], until=hour(3))
    assert (await client.get(WHERE)).json()["code"] == "erased"
    assert (await client.put(WHERE, json=PREFERENCES_PUT)).status_code == 404


async def test_the_description_shows_how_it_is_asked_and_answered(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    put = document["paths"]["/v1/people/{customer_id}/preferences"]["put"]
    assert put["responses"]["200"]["content"]["application/json"]["example"]["language"] == "de"
    [example] = document["components"]["schemas"]["PreferencesIn"]["examples"]
    assert example == {name: chosen for name, chosen in PREFERENCES_PUT.items() if chosen is not None}
