"""The app factory: a service's routes, and around them health, metrics, decisions, parked events and problems."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import openapi, operations, problems
from chassis.access import Access, Opened, access_of
from chassis.apologies import Apologies, Place
from chassis.application import Application
from chassis.documents import documents
from chassis.guard import Guard
from chassis.health import Health
from chassis.runtime import Runtime
from chassis.service import Tx

LARGEST_BODY_BYTES = 1_048_576


async def _open_transaction(request: Request) -> AsyncIterator[Tx]:
    runtime: Runtime = request.app.state.runtime
    async with runtime.transaction() as tx:
        yield tx


Transaction = Annotated[Tx, Depends(_open_transaction, scope="function")]
"""One request, one transaction, committed before the answer is sent (hence the scope)."""


def create_app(application: Application, runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The whole HTTP side of a service; what runs beside it (worker, relay) is `chassis.main`'s."""
    app = FastAPI(
        title=f"Rapport {application.service.name}",
        version="1",
        description=(application.service.__doc__ or ""),
        openapi_url=None,  # ours: see `documents`
    )
    app.state.runtime = runtime
    problems.install(app)
    routers = application.routers(runtime)
    guard = Guard(runtime)
    direct = [route for router in routers for route in router.routes if isinstance(route, Direct)]
    app.add_middleware(BodyLimit)
    app.add_middleware(Shortcut, routes=[(route, guard.guarded(answering(route), *_of(route))) for route in direct])
    if application.shop_name is not None:
        app.state.customers_place = place = Place.of(application.shop_name, _customers_pages(routers))
        app.add_middleware(Apologies, place=place)
    app.add_middleware(Hardening)
    app.include_router(documents(app.title, lambda: app.openapi()))
    app.include_router(operations.health_routes(health or Health()))
    app.include_router(operations.routes(runtime), responses=problems.RESPONSES)
    for router in routers:
        app.include_router(router, responses=problems.RESPONSES)
    openapi.install(app, _guarded(app, guard), application.service.name)
    return app


def _customers_pages(routers: Iterable[APIRouter]) -> Iterator[str]:
    """The paths of what is HTML and asks nobody who they are."""
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        if route.response_class is HTMLResponse and isinstance(access_of(route.endpoint), Opened):
            yield route.path


def _guarded(app: FastAPI, guard: Guard) -> dict[tuple[str, str], Access]:
    """Put the guard before every route; what they have declared, by method and path. Raises `Undeclared`."""
    accesses: dict[tuple[str, str], Access] = {}
    for found in list(iter_route_contexts(app.routes)):
        route, path = found.original_route, found.path or ""
        access, _ = _of(route)
        # FastAPI has no other place of its own before the body is read
        setattr(route, "handle", _stand_before(guard, route, path))  # noqa: B010 a method, which mypy lets nobody replace
        accesses |= {(method, path): access for method in found.methods or ()}
    return accesses


class Undeclared(Exception):
    """A route does not say who may use it, so nobody may: the service does not start."""


def _of(route: BaseRoute) -> tuple[Access, str]:
    """What a route says of its access, and its path. Raises `Undeclared`."""
    access = access_of(route.endpoint) if isinstance(route, APIRoute) else None
    if access is None or not isinstance(route, APIRoute):
        raise Undeclared(f"{getattr(route, 'path', route)}: declare @needs(…) or @opened(…), see chassis.access")
    return access, route.path


def _stand_before(guard: Guard, route: BaseRoute, path: str) -> ASGIApp:
    """The route for those who may; another method than its own goes on to be refused as that."""
    access, _ = _of(route)
    handle, methods = route.handle, getattr(route, "methods", None) or ()
    guarded = guard.guarded(handle, access, path)

    async def handled(scope: Scope, receive: Receive, send: Send) -> None:
        await (guarded if scope["method"] in methods else handle)(scope, receive, send)

    return handled


class Direct(APIRoute):
    """A route that is asked so often that it is answered before the framework looks for one.

    Its endpoint gets the path's parameters and the request as it came, limits the body by itself, and answers with a
    response. Otherwise it is a route like others: described in the OpenAPI document, its errors are problems.
    """


def answering(route: Direct) -> ASGIApp:
    """The route's endpoint, given what its path has matched."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = await route.endpoint(request=Request(scope, receive), **scope["path_params"])
        await response(scope, receive, send)

    return answer


class Shortcut:
    """Answers direct routes, each with what stands before it."""

    def __init__(self, app: ASGIApp, routes: Sequence[tuple[Direct, ASGIApp]]) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything else goes on."""
        if scope["type"] == "http":
            for route, answer in self.routes:
                found = route.path_regex.match(scope["path"])
                if found and scope["method"] in (route.methods or ()):
                    scope["route"], scope["path_params"] = route, found.groupdict()
                    await answer(scope, receive, send)
                    return
        await self.app(scope, receive, send)


class Hardening:
    """Gives every answer the headers that keep browsers from being too clever, unless it has its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds to the head of the answer; its body passes untouched."""

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, content in problems.HARDENING.items():
                    headers.setdefault(name, content)
            await send(message)

        await self.app(scope, receive, hardened)


class BodyLimit:
    """Refuses bodies over a mebibyte with 413, also those that do not say their length."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts what is received; nothing is kept here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
            await problems.of_http(problems.BodyTooLarge(LARGEST_BODY_BYTES))(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY_BYTES:
                raise problems.BodyTooLarge(LARGEST_BODY_BYTES)
            return message

        await self.app(scope, limited, send)
