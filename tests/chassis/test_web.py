"""Every error is a problem with a code, says nothing of our insides, and every answer is hardened."""

from collections.abc import AsyncIterator

import httpx
import pytest
from asyncpg import CannotConnectNowError
from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy.exc import TimeoutError as PoolTimeout
from toy.app import application

from chassis.access import opened
from chassis.application import Application
from chassis.errors import Conflict, NotFound, Rejected
from chassis.runtime import Runtime
from chassis.web import LARGEST_BODY_BYTES, create_app
from tests.conftest import RuntimeOf, bearer, key_of


class Greeting(BaseModel, extra="forbid"):
    """A body."""

    words: str


def _router(_: Runtime) -> list[APIRouter]:
    router = APIRouter()

    @router.post("/greetings")
    @opened("this is a test")
    async def greet(body: Greeting) -> Greeting:
        return body

    @router.post("/raw")
    @opened("this is a test")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @router.get("/raise/{what}")
    @opened("this is a test")
    async def fail(what: str) -> None:
        known = {"rejected": Rejected("no", "No."), "missing": NotFound("gone", "Gone."), "twice": Conflict("two", "2")}
        known |= {"away": ConnectionRefusedError(), "busy": PoolTimeout(), "starting": CannotConnectNowError()}
        raise known.get(what, ZeroDivisionError(f"secret of {what}"))

    return [router]


@pytest.fixture
async def client(runtime_of: RuntimeOf) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sees what a customer would see."""
    runtime = await runtime_of(application)
    app = create_app(Application(runtime.service, runtime.settings, _router), runtime)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=bearer(await key_of(runtime))
    ) as found:
        yield found


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(LARGEST_BODY_BYTES // 65_536 + 1):
        yield b" " * 65_536


async def test_each_error_has_its_status_and_code(client: httpx.AsyncClient) -> None:
    large = b" " * (LARGEST_BODY_BYTES + 1)
    answers = {
        (404, "not_found"): await client.get("/nowhere"),
        (405, "method_not_allowed"): await client.get("/greetings"),
        (422, "no"): await client.get("/raise/rejected"),
        (404, "gone"): await client.get("/raise/missing"),
        (409, "two"): await client.get("/raise/twice"),
        (422, "invalid_request"): await client.post("/greetings", json={"words": 1, "more": "Ada"}),
        (413, "body_too_large"): await client.post("/greetings", content=large),
        (500, "internal_error"): await client.get("/raise/bug"),
        (422, "bad_cursor"): await client.get("/v1/parked", params={"cursor": "WyJhIl0"}),
        (404, "not_found "): await client.get("/v1/parked/1"),
    }
    for (status, code), answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (status, code.strip())
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert {"field": "body.words", "message": "Input should be a valid string"} in answers[
        422, "invalid_request"
    ].json()["errors"]
    assert "Ada" not in answers[422, "invalid_request"].text
    assert "secret" not in answers[500, "internal_error"].text


@pytest.mark.parametrize("path", ["/greetings", "/raw"])
async def test_a_body_that_does_not_say_its_length_is_measured(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=_endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "path", ["/v1/parked/99999999999999999999", "/v1/customers/%00/decisions", "/v1/parked?reason=%00"]
)
async def test_what_the_database_could_not_take_is_refused_before(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 422


async def test_the_probes_and_the_description_answer(client: httpx.AsyncClient) -> None:
    paths = ("/health/live", "/health/ready", "/health/started", "/metrics", "/openapi.json")
    statuses = [(await client.get(path)).status_code for path in paths]
    assert statuses == [200, 503, 503, 200, 200]


@pytest.mark.parametrize("what", ["away", "busy", "starting"])
async def test_a_database_that_is_away_is_said_with_when_to_ask_again(client: httpx.AsyncClient, what: str) -> None:
    answer = await client.get(f"/raise/{what}")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "5", "away")
    assert answer.headers["content-type"] == "application/problem+json"
