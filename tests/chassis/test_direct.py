"""A route that is answered before the framework looks for one is a route all the same."""

from dataclasses import replace

import httpx
from fastapi import APIRouter, Request, Response
from toy.app import application

from chassis.access import opened
from chassis.runtime import Runtime
from chassis.web import LARGEST_BODY_BYTES, Direct, create_app
from tests.conftest import RuntimeOf, runtime_applications


def router(_: Runtime) -> list[APIRouter]:
    own = APIRouter(prefix="/v1/straight", route_class=Direct)

    @own.post("/{name}")
    @opened("this is a test")
    async def straight(name: str, request: Request) -> Response:
        if name == "bug":
            raise ZeroDivisionError
        return Response(f"{name} {len(await request.body())}")

    return [own]


async def test_a_direct_route_gets_the_request_as_it_came_and_is_like_others_otherwise(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application)
    app = create_app(replace(runtime_applications[id(runtime)], routers=router), runtime)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answered = await client.post("/v1/straight/on", content=b"x" * (LARGEST_BODY_BYTES + 1))
        assert (answered.status_code, answered.text) == (200, f"on {LARGEST_BODY_BYTES + 1}")
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/v1/straight/on")).status_code == 405
        assert (await client.post("/v1/straight/on/and/on")).status_code == 404
        failed = await client.post("/v1/straight/bug")
        assert (failed.status_code, failed.json()["code"]) == (500, "internal_error")
        assert "/v1/straight/{name}" in (await client.get("/openapi.json")).json()["paths"]
