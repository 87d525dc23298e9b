"""Keys are made, turned and taken away by command; the door knows within seconds, and asks the database once."""

import asyncio
import sys
from datetime import timedelta

import httpx
import pytest
from fastapi import APIRouter, Request, Response
from sqlalchemy import event as hooks
from sqlalchemy import text
from toy.app import application

from chassis import api_keys, guard
from chassis.access import OPERATE, READ, WRITE, Right, needs, opened
from chassis.api_keys import Key
from chassis.application import Application
from chassis.errors import Rejected
from chassis.key_command import create, rotate
from chassis.main import main
from chassis.runtime import Runtime
from chassis.web import Direct, create_app
from tests.conftest import RuntimeOf, bearer, key_of, runtime_applications
from tests.running import rows


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(application)


def client_of(runtime: Runtime, address: str = "10.0.0.1") -> httpx.AsyncClient:
    """Without a key."""
    composed = runtime_applications[id(runtime)]
    app = create_app(Application(composed.service, composed.settings, lambda _: [_straight(), _open()]), runtime)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def _straight() -> APIRouter:
    router = APIRouter(prefix="/v1/straight", route_class=Direct)

    @router.post("/{name}")
    @needs(WRITE)
    async def straight(name: str, request: Request) -> Response:
        return Response(f"{name} {len(await request.body())}")

    return router


def _open() -> APIRouter:
    router = APIRouter()

    @router.get("/page")
    @opened("a page")
    async def page() -> Response:
        return Response("page")

    return router


async def ask(client: httpx.AsyncClient, key: Key | str | None, path: str = "/v1/positions") -> tuple[int, str]:
    headers = bearer(key) if isinstance(key, Key) else {"Authorization": key} if key else {}
    answer = await client.get(path, headers=headers)
    return answer.status_code, answer.json()["code"] if answer.is_error else ""


async def change(runtime: Runtime, key: Key, what: str) -> None:
    async with runtime.transaction() as tx:
        await tx.execute(text(f"update api_keys set {what} where key_id = :id"), {"id": key.key_id})  # noqa: S608 ours


async def test_a_key_opens_what_its_scopes_name_and_nothing_else(runtime: Runtime) -> None:
    async with client_of(runtime) as client:
        reading, operating = await key_of(runtime, READ), await key_of(runtime, OPERATE)
        assert await ask(client, reading) == (200, "")
        assert await ask(client, reading, "/v1/parked") == (403, "scope_missing")
        assert await ask(client, operating, "/v1/parked") == (200, "")
        assert await ask(client, operating) == (403, "scope_missing")
        refused = await client.get("/v1/parked", headers=bearer(reading))
    assert refused.json()["scope"] == "toy:operate"
    assert refused.headers["www-authenticate"].endswith('error="insufficient_scope", scope="toy:operate"')


async def test_a_direct_route_asks_before_it_reads_the_body(runtime: Runtime) -> None:
    async with client_of(runtime) as client:
        assert (await client.post("/v1/straight/on", content=b"x")).status_code == 401
        assert (await client.post("/v1/straight/on", headers=bearer(await key_of(runtime, READ)))).status_code == 403
        answered = await client.post("/v1/straight/on", content=b"xx", headers=bearer(await key_of(runtime, WRITE)))
    assert (answered.status_code, answered.text) == (200, "on 2")


async def test_a_body_that_nobody_may_send_is_not_read(runtime: Runtime) -> None:
    async with client_of(runtime) as client:
        answer = await client.post("/v1/redrive", content=b"{no json", headers={"content-type": "application/json"})
    assert answer.status_code == 401


async def test_whoever_shows_another_thing_is_told_what_is_wrong(runtime: Runtime) -> None:
    key, ended, taken = await key_of(runtime), await key_of(runtime), await key_of(runtime)
    await change(runtime, ended, "expires_at = now() - interval '1 second'")
    await change(runtime, taken, "revoked_at = now()")
    async with client_of(runtime) as client:
        answers = {
            "": await ask(client, None),
            "other": await ask(client, "Bearer nonsense"),
            "guessed": await ask(client, key._replace(secret="0" * 64)),
            "unknown": await ask(client, Key.new()),
            "ended": await ask(client, ended),
            "taken": await ask(client, taken),
            "basic": await ask(client, httpx.BasicAuth("eve", key.written())._auth_header),
        }
        twice = await client.get("/v1/positions", headers=[(name, value) for name, value in bearer(key).items()] * 2)
        assert await ask(client, key) == (200, "")
    assert answers == {
        "": (401, "not_authenticated"),
        "other": (401, "key_unknown"),
        "guessed": (401, "key_unknown"),
        "unknown": (401, "key_unknown"),
        "ended": (401, "key_expired"),
        "taken": (401, "key_revoked"),
        "basic": (401, "not_authenticated"),
    }
    assert twice.status_code == 401


async def test_a_revoked_key_is_known_within_half_a_minute(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await key_of(runtime)
    async with client_of(runtime) as client:
        assert await ask(client, key) == (200, "")
        async with runtime.transaction() as tx:
            await api_keys.revoke(tx, key.key_id)
        assert await ask(client, key) == (200, "")
        assert guard.KNOWN_FOR_S <= 30
        monkeypatch.setattr(guard, "KNOWN_FOR_S", 0.0)
        assert await ask(client, key) == (401, "key_revoked")


async def test_a_key_that_expires_opens_nothing_from_then_on(runtime: Runtime) -> None:
    key = await key_of(runtime)
    await change(runtime, key, "expires_at = now() + interval '2 seconds'")
    async with client_of(runtime) as client:
        assert await ask(client, key) == (200, "")
        await asyncio.sleep(2.1)
        assert await ask(client, key) == (401, "key_expired")


async def test_many_who_come_at_once_cost_one_look(runtime: Runtime) -> None:
    key, statements = await key_of(runtime), list[str]()
    hooks.listen(runtime.engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    async with client_of(runtime) as client:
        await asyncio.gather(*(ask(client, key) for _ in range(20)))
        await asyncio.gather(*(ask(client, Key("0" * 16, "1" * 64)) for _ in range(20)))
    assert sum("from api_keys" in one for one in statements) == 2
    [row] = await rows(runtime, "select last_used_at, secret_hash from api_keys")
    assert row["last_used_at"] is not None
    assert row["secret_hash"] == key.hashed()


async def test_no_table_and_no_refusal_has_the_secret(runtime: Runtime) -> None:
    key = await key_of(runtime)
    async with client_of(runtime) as client:
        await ask(client, key)
        refused = await client.get("/v1/positions", headers={"Authorization": f"Bearer {key.written()}0"})
    assert key.secret not in refused.text
    [row] = await rows(runtime, "select k::text as line from api_keys k")
    assert key.secret not in row["line"]


async def test_who_comes_too_often_is_told_when_to_come_again(
    runtime_of: RuntimeOf,
) -> None:
    runtime = await runtime_of(application, HTTP_CLIENT_PER_S="2", HTTP_ADDRESS_PER_S="1")
    key, other = await key_of(runtime), await key_of(runtime)
    async with client_of(runtime) as client:
        answers = [await client.get("/v1/positions", headers=bearer(key)) for _ in range(12)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
        assert answers[-1].json()["code"] == "too_many_requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 5
        assert await ask(client, other) == (200, "")
        assert [(await client.get("/page")).status_code for _ in range(6)] == [200] * 5 + [429]
        assert (await client.get("/health/live")).status_code == 200
    async with client_of(runtime) as client:
        guessed = [(await ask(client, Key.new()))[0] for _ in range(7)]
        assert guessed == [401] * 5 + [429] * 2
        assert await ask(client, None) == (429, "too_many_requests")
    async with client_of(runtime, "10.0.0.2") as elsewhere:
        assert await ask(elsewhere, None) == (401, "not_authenticated")


async def test_guessing_does_not_lock_out_whose_key_is_known(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application, HTTP_ADDRESS_PER_S="1")
    key = await key_of(runtime)
    async with client_of(runtime) as client:
        assert await ask(client, key) == (200, "")
        for _ in range(10):
            await ask(client, Key.new())
        assert await ask(client, key) == (200, "")


async def test_while_the_database_is_away_nobody_is_let_in_and_nobody_is_blamed(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application, TOY_DATABASE_URL="postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    async with client_of(runtime) as client:
        answer = await client.get("/v1/positions", headers=bearer(Key.new()))
    assert (answer.status_code, answer.json()["code"]) == (503, "keys_away")
    assert int(answer.headers["retry-after"]) > 0


async def test_another_key_takes_over_while_the_old_one_still_holds(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        old = Key.read((await create(tx, "toy", name="crm", scopes=["toy:read"], days=90)).strip())
        assert old is not None
        new = Key.read((await rotate(tx, old.key_id, timedelta(days=7))).strip())
        assert new is not None
        kept = {key.key_id: key for key in await api_keys.listed(tx)}
    async with client_of(runtime) as client:
        assert [await ask(client, key) for key in (old, new)] == [(200, "")] * 2
    lives = {key_id: (key.expires_at - key.created_at).days for key_id, key in kept.items()}
    assert lives == {old.key_id: 7, new.key_id: 90}
    assert {(key.name, key.scopes) for key in kept.values()} == {("crm", ("toy:read",))}
    assert [(row["action"], row["subject"]) for row in await rows(runtime, "select * from audits")] == []


@pytest.mark.parametrize(
    ("scopes", "days", "given", "code"),
    [
        (["loyalty:read"], 1, None, "unknown_scope"),
        (["toy:everything"], 1, None, "unknown_scope"),
        ([""], 1, None, "unknown_scope"),
        (["toy:read"], 0, None, "bad_days"),
        (["toy:read"], 731, None, "bad_days"),
        (["toy:read"], 1, "rpt_short_key", "bad_key"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    runtime: Runtime, scopes: list[str], days: int, given: str | None, code: str
) -> None:
    async with runtime.transaction() as tx:
        with pytest.raises(Rejected) as refused:
            await create(tx, "toy", name="x", scopes=scopes, days=days, given=given)
    assert refused.value.code == code


async def test_the_command_makes_lists_turns_and_takes_away(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def keys(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["toy", "keys", *words])
        await asyncio.to_thread(main, application)
        return capsys.readouterr().out

    made = Key.read((await keys("create", "--name", "crm", "--scopes", "toy:read,toy:write")).strip())
    assert made is not None
    turned = Key.read((await keys("rotate", made.key_id, "--overlap-days", "0")).strip())
    assert turned is not None
    await keys("revoke", turned.key_id)
    listed = (await keys("list")).splitlines()
    assert [line.split()[:2] for line in listed] == [[turned.key_id, "revoked"], [made.key_id, "expired"]]
    assert made.secret not in "".join(listed)
    with pytest.raises(SystemExit, match="There is no key"):
        await keys("revoke", "0" * 16)
    kept = await rows(runtime, "select client, action, subject from audits order by audit_id")
    assert kept == [
        {"client": "command line", "action": "keys create", "subject": made.key_id},
        {"client": "command line", "action": "keys rotate", "subject": f"{made.key_id} {turned.key_id}"},
        {"client": "command line", "action": "keys revoke", "subject": turned.key_id},
    ]


def test_a_key_is_read_as_it_was_written() -> None:
    key = Key.new()
    assert Key.read(key.written()) == key
    for odd in (key.written() + "0", key.written().upper(), f" {key.written()}", "rpt__", key.secret):
        assert Key.read(odd) is None


def test_rights_are_the_three_words_of_the_documentation() -> None:
    assert list(Right) == ["read", "write", "operate"]
