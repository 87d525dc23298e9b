"""Errors over HTTP: RFC 9457 problem details, mapped once for all routes."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from asyncpg import PostgresError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from chassis.apologies import Place
from chassis.database import is_transient, sqlstate_of
from chassis.errors import Conflict, NotFound, Rejected
from chassis.openapi import PROBLEM_JSON, PROBLEMS

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """What went wrong, for people and machines (RFC 9457)."""

    type: str = Field(examples=["urn:rapport:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no order o-17."])
    code: str = Field(examples=["not_found"], description="Stable, for machines")


HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer that does not say otherwise."""

_UNTAKEABLE = ("22000", "22003", "22021")
"""A value that the driver cannot encode, is out of range, or has a character that PostgreSQL does not know (NUL)."""

RETRY_AFTER_S = 5
"""A database that comes back is found again within this time."""
AWAY = "What this needs is away for the moment. Ask the same again."

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {PROBLEM_JSON: {}}} for status in PROBLEMS
}
"""What every route may answer besides its own; given to routers for the OpenAPI document."""


class BodyTooLarge(HTTPException):
    """More came than is taken. Frameworks let this kind of exception pass through the reading of a body."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {most_bytes} bytes are taken.")


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **extensions: Any
) -> JSONResponse:
    """A problem as a response."""
    content = Problem(
        type=f"urn:rapport:problem:{code}", title=HTTPStatus(status).phrase, status=status, detail=detail, code=code
    )
    return JSONResponse(
        content.model_dump() | extensions,
        status,
        HARDENING | dict(headers or {}),
        media_type=PROBLEM_JSON,
    )


def status_of(error: Rejected) -> int:
    """The HTTP status of each kind of error."""
    match error:
        case NotFound():
            return HTTPStatus.NOT_FOUND
        case Conflict():
            return HTTPStatus.CONFLICT
        case _:
            return HTTPStatus.UNPROCESSABLE_ENTITY


def of_http(error: HTTPException) -> JSONResponse:
    """What the framework refuses, as a problem."""
    phrase = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    code = "body_too_large" if isinstance(error, BodyTooLarge) else phrase
    return problem(error.status_code, code, str(error.detail), error.headers)


def _route(request: Request) -> str:
    """As it is declared; never the path, which may hold a link's token."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def install(app: FastAPI) -> None:
    """Answer every error of this app as a problem."""

    @app.exception_handler(Rejected)
    async def rejected(_: Request, error: Rejected) -> JSONResponse:
        return problem(status_of(error), error.code, error.message)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in found["loc"]), "message": found["msg"]} for found in error.errors()
        ]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "Some fields are wrong.", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return of_http(error)

    async def of_database(request: Request, error: Exception) -> Response:
        if sqlstate_of(error) in _UNTAKEABLE:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_value", "A value cannot be stored or looked for.")
        if is_transient(error):
            log.warning("request answered with 503", route=_route(request), error=type(error).__name__)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "away", AWAY, {"Retry-After": str(RETRY_AFTER_S)})
        return await unexpected(request, error)

    for kind in (DBAPIError, PoolTimeout, PostgresError, OSError):  # the driver's own, while it connects
        app.add_exception_handler(kind, of_database)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("request failed", route=_route(request), error=type(error).__name__, exc_info=error)
        status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; it is logged."
        place: Place | None = getattr(app.state, "customers_place", None)  # this answer is sent outside of `Apologies`
        return (place and place.instead(request.scope, status, {})) or problem(status, "internal_error", detail)
