"""Whoever comes shows who they are; a route that does not say who may come opens to nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Request, Response
from toy.app import application as toy

import feedback.app
import loyalty.app
import notifier.app
import orders_listener.app
from chassis.access import LONGEST_CREDENTIAL, OPERATE, READ, Needs, Opened, access_of, challenge, credential_of, needs
from chassis.application import Application
from chassis.runtime import Runtime
from chassis.web import Direct, Undeclared, create_app
from tests.conftest import LINK_KEYS

BASIC = "Basic ZXZlOnNlY3JldA=="  # eve:secret


@pytest.mark.parametrize(
    ("header", "credential", "in_browser"),
    [
        (None, None, None),
        ("", None, None),
        ("Bearer", None, None),
        ("Bearer ", None, None),
        ("Bearer abc", "abc", "abc"),
        ("bearer  abc ", "abc", "abc"),
        ("Token abc", None, None),
        ("Bearer ä", None, None),
        (f"Bearer {'x' * LONGEST_CREDENTIAL}", "x" * LONGEST_CREDENTIAL, "x" * LONGEST_CREDENTIAL),
        (f"Bearer {'x' * (LONGEST_CREDENTIAL + 1)}", None, None),
        (BASIC, None, "secret"),
        ("Basic !", None, None),
        ("Basic /w==", None, None),
        ("Basic ZXZl", None, None),
    ],
)
def test_a_credential_is_found_where_it_belongs(
    header: str | None, credential: str | None, in_browser: str | None
) -> None:
    assert credential_of(header) == credential
    assert credential_of(header, in_browser=True) == in_browser


def test_the_challenge_says_how_to_come_back() -> None:
    assert challenge(Needs(READ)) == {"WWW-Authenticate": 'Bearer realm="rapport"'}
    asked = challenge(Needs(OPERATE, in_browser=True), "insufficient_scope", "toy:operate")["WWW-Authenticate"]
    bearer = 'Bearer realm="rapport", error="insufficient_scope", scope="toy:operate"'
    assert asked == f'Basic realm="rapport", {bearer}'


def _undeclared(kind: type[Any]) -> APIRouter:
    router = APIRouter(prefix="/v1", route_class=kind) if kind is Direct else APIRouter(prefix="/v1")

    @router.get("/forgotten")
    async def forgotten(request: Request) -> Response:
        return Response(request.url.path)

    outer = APIRouter()
    outer.include_router(router)
    return router if kind is Direct else outer


SERVICES = (toy, feedback.app.application, loyalty.app.application, notifier.app.application,
            orders_listener.app.application)  # fmt: skip


@pytest.mark.parametrize("kind", [object, Direct])
@pytest.mark.parametrize("compose", SERVICES, ids=lambda compose: compose.__module__)
def test_no_service_starts_with_a_route_that_says_nothing(
    compose: Callable[[], Application], kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = compose.__module__.partition(".")[0]
    monkeypatch.setenv(f"{package.upper()}_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("LINK_KEYS", LINK_KEYS)
    whole = compose()
    runtime = Runtime.of(whole.service, whole.settings)
    create_app(whole, runtime)
    holed = Application(whole.service, whole.settings, lambda found: [*whole.routers(found), _undeclared(kind)])
    with pytest.raises(Undeclared, match="/v1/forgotten"):
        create_app(holed, runtime)


def test_a_declaration_is_remembered_with_the_function() -> None:
    @needs(READ)
    async def mine() -> None: ...

    async def nobodys() -> None: ...

    assert (access_of(mine), access_of(nobodys)) == (Needs(READ), None)
    assert Opened("a probe has no key").limited
