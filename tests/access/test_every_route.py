"""Every operation of every service, by whoever has no key, a bad one, an old one, one taken away, another's."""

import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from chassis import tokens
from chassis.access import Right
from chassis.api_keys import Key
from chassis.runtime import Runtime
from tests.access.services import NAMES, Operation, compose, document_of, operations
from tests.conftest import ClientOf, RuntimeOf, bearer, key_of

OPEN = {
    "GET /health/started", "GET /health/live", "GET /health/ready", "GET /metrics",
    "GET /s/{token}", "POST /s/{token}",
    "GET /preferences/{token}", "POST /preferences/{token}",
    "GET /preferences/{token}/question", "POST /preferences/{token}/question",
    "POST /v1/ingest/{provider}", "POST /hooks/mail", "POST /hooks/providers/{name}",
}  # fmt: skip
"""All that ask nobody who they are: probes, pages behind signed links, hooks that are signed."""
IN_BROWSER = {
    "GET /broadcasts", "GET /broadcasts/{broadcast_id}", "POST /broadcasts/{broadcast_id}/{step}",
    "GET /preview", "GET /preview/{kind}/{locale}/mail",
}  # fmt: skip
ISSUER, AUDIENCE = "https://login.shop.example/", "rapport"
SIGNING = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(params=NAMES)
async def runtime(request: pytest.FixtureRequest, runtime_of: RuntimeOf, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    async def fetch(_: str) -> Any:
        return {"keys": [jwt.algorithms.ECAlgorithm.to_jwk(SIGNING.public_key(), as_dict=True) | {"kid": "k"}]}

    monkeypatch.setattr("chassis.guard.Tokens", lambda *names: tokens.Tokens(*names, fetch=fetch))
    return await runtime_of(
        compose(request.param), AUTH_ISSUER=ISSUER, AUTH_AUDIENCE=AUDIENCE, AUTH_JWKS_URL="https://keys.example/"
    )


@pytest.fixture
async def client(runtime: Runtime, client_of: ClientOf) -> httpx.AsyncClient:
    return await client_of(runtime, keyed=False)


def token(**changes: Any) -> dict[str, str]:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "eve", "exp": int(time.time()) + 300} | changes
    return {"Authorization": f"Bearer {jwt.encode(claims, SIGNING, algorithm='ES256', headers={'kid': 'k'})}"}


async def _ended(runtime: Runtime, change: str) -> Key:
    key = await key_of(runtime)
    async with runtime.transaction() as tx:
        await tx.execute(text(f"update api_keys set {change} where key_id = :id"), {"id": key.key_id})  # noqa: S608 ours
    return key


async def answered(client: httpx.AsyncClient, operation: Operation, headers: dict[str, str]) -> tuple[int, str]:
    answer = await client.request(operation.method, operation.url, headers=headers)
    problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    code = answer.json()["code"] if problem else ""
    if answer.status_code == 401:
        assert "Bearer" in answer.headers["www-authenticate"]
        assert operation.in_browser is ("Basic" in answer.headers["www-authenticate"])
    return answer.status_code, code


async def test_nobody_gets_past_any_operation_without_the_right_to(runtime: Runtime, client: httpx.AsyncClient) -> None:
    found = [one for one in operations(await document_of(client)) if one.scope]
    assert len(found) >= 13
    service = runtime.service.name
    others = {right: await key_of(runtime, *(set(Right) - {right})) for right in Right}
    refused = {
        "no key": ({}, 401),
        "nonsense": ({"Authorization": "Bearer nonsense"}, 401),
        "an unknown key": (bearer(Key.new()), 401),
        "an expired key": (bearer(await _ended(runtime, "expires_at = now()")), 401),
        "a revoked key": (bearer(await _ended(runtime, "revoked_at = now()")), 401),
        "an expired token": (token(exp=int(time.time()) - 60, scope=f"{service}:read"), 401),
        "another's token": (token(aud="another", scope=f"{service}:read"), 401),
        "a token without scopes": (token(), 403),
        "a token of another service": (token(scope="toy:read toy:write toy:operate"), 403),
    }
    wrong = []
    for operation in found:
        assert operation.scope is not None
        attempts = refused | {"every other scope": (bearer(others[Right(operation.scope.partition(":")[2])]), 403)}
        for name, (headers, status) in attempts.items():
            got = await answered(client, operation, headers)
            if got[0] != status or (status == 403 and got[1] != "scope_missing"):
                wrong.append(f"{operation} with {name}: {got}, not {status}")
    assert wrong == []


async def test_the_scope_that_is_named_is_enough(runtime: Runtime, client: httpx.AsyncClient) -> None:
    keys = {right: await key_of(runtime, right) for right in Right}
    wrong = []
    for operation in operations(await document_of(client)):
        if operation.scope is None:
            continue
        right = Right(operation.scope.partition(":")[2])
        for headers in (bearer(keys[right]), token(scope=operation.scope)):
            status, _ = await answered(client, operation, headers)
            if status in (401, 403, 429) or status >= 500:
                wrong.append(f"{operation}: {status}")
    assert wrong == []


async def test_only_probes_signed_pages_and_signed_hooks_ask_nobody(client: httpx.AsyncClient) -> None:
    found = list(operations(await document_of(client)))
    assert {str(one) for one in found if one.scope is None} <= OPEN
    assert {str(one) for one in found if one.in_browser} <= IN_BROWSER
    wrong = []
    for operation in found:
        if operation.scope is None:
            _, code = await answered(client, operation, {})
            if code == "not_authenticated":
                wrong.append(str(operation))
    assert wrong == []


async def test_who_reads_the_document_sees_what_each_operation_needs(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    document = await document_of(client)
    assert set(document["components"]["securitySchemes"]) == {"bearer", "password"}
    scopes = {f"{runtime.service.name}:{right}" for right in Right}
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            wanted = {scope for requirement in said["security"] for names in requirement.values() for scope in names}
            assert wanted <= scopes, (method, path)
            assert not wanted or {"401", "403", "429"} <= said["responses"].keys(), (method, path)
            assert ("Needs the scope" in said["description"]) is bool(wanted)
    assert (await client.get("/docs")).status_code == 200


async def test_no_other_origin_is_let_in_by_a_browser(client: httpx.AsyncClient) -> None:
    foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for operation in operations(await document_of(client)):
        for method in ("OPTIONS", operation.method):
            answer = await client.request(method, operation.url, headers=foreign)
            assert not [name for name in answer.headers if name.startswith("access-control-")], operation
            assert "content-security-policy" in answer.headers
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_browser_asks_staff_for_the_key_and_shows_the_page(runtime: Runtime, client: httpx.AsyncClient) -> None:
    if runtime.service.name != "notifier":
        return
    key = await key_of(runtime, Right.read)
    for path in ("/broadcasts", "/preview"):
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, auth=("eve", key.written()))).status_code == 200
        assert (await client.get(path, auth=(key.written(), ""))).status_code == 401
    assert (await client.get("/v1/messages", auth=("eve", key.written()))).status_code == 401
