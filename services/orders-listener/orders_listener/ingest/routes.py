"""HTTP in: hooks of providers. Thin: bytes in, a yes or a problem out; nothing of a body is ever logged."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from chassis import metrics
from chassis.access import opened
from chassis.database import is_transient
from chassis.errors import NotFound
from chassis.openapi import answer, refusal
from chassis.problems import problem
from chassis.runtime import Runtime
from chassis.web import Direct
from orders_listener.ingest.cloudevents import Refused
from orders_listener.ingest.events import Unsayable, without_content
from orders_listener.ingest.hooks import BadHook
from orders_listener.ingest.intake import KNOWN, Intake, Secrets
from orders_listener.ingest.signatures import BadSignature, Delivery
from storefront.outlet import NotAcknowledged

RETRY_AFTER_S = 5


class Refusal(NamedTuple):
    """A no, and why."""

    status: HTTPStatus
    code: str
    detail: str
    headers: Mapping[str, str] | None = None


def ingest_routes(runtime: Runtime, secrets: Secrets, largest_body_bytes: int) -> APIRouter:
    """The one route of all providers."""
    router = APIRouter(prefix="/v1/ingest", tags=["ingest"], route_class=Direct)
    intake = Intake(runtime, secrets)

    @router.post("/{provider}", responses=_ANSWERS)
    @opened("what comes is signed", limited=False)
    async def ingest(provider: str, request: Request) -> Response:
        """A hook of a provider: checked by its signature and said as storefront events.

        Answered when it is safe: with 2xx nothing of it can be lost any more; anything else means, deliver it again.
        """
        began_s, name = time.perf_counter(), provider if provider in KNOWN else "unknown"
        try:
            taken = await intake.take(provider, await _delivery(request, largest_body_bytes))
        except Exception as error:
            refusal = _refusal(error)
            if refusal is None:
                _count(name, "failed", "internal_error", began_s)
                raise
            _count(name, "refused", refusal.code, began_s)
            return problem(*refusal)
        _count(name, "ignored" if taken.ignored else "accepted", taken.ignored or "", began_s)
        return Response(_encode(taken), media_type="application/json")

    return router


def _count(provider: str, fate: str, reason: str, began_s: float) -> None:
    _counter(provider, fate, reason).inc()
    _clock(provider).observe(time.perf_counter() - began_s)


_counter = cache(metrics.hooks.labels)
"""Every label is one of a few words of ours."""
_clock = cache(metrics.hook_seconds.labels)


async def _delivery(request: Request, largest_body_bytes: int) -> Delivery:
    """Read once, and no more than is taken."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest_body_bytes:
            raise _TooLarge(f"At most {largest_body_bytes} bytes are taken.")
    headers = {name.decode("latin-1"): content.decode("latin-1") for name, content in request.headers.raw}
    return Delivery(headers, bytes(body), datetime.now(UTC))


class _TooLarge(Exception):
    """More came than is taken."""


def _refusal(error: Exception) -> Refusal | None:
    """Why a delivery was not taken; None for what nobody expected."""
    match error:
        case NotFound():
            return Refusal(HTTPStatus.NOT_FOUND, error.code, error.message)
        case BadSignature():
            return Refusal(HTTPStatus.UNAUTHORIZED, error.code, error.detail, {"WWW-Authenticate": "HMAC-SHA256"})
        case _TooLarge():
            return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", str(error))
        case ClientDisconnect():
            return Refusal(HTTPStatus.BAD_REQUEST, "body_cut_off", "The connection ended before the body did.")
        case BadHook():
            return Refusal(HTTPStatus.BAD_REQUEST, "body_unreadable", without_content(error))
        case Refused(readable=False):
            return Refusal(HTTPStatus.BAD_REQUEST, error.code, error.detail)
        case Refused():
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error.detail)
        case Unsayable():
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "fact_broken", str(error))
        case NotAcknowledged():
            return _come_again("broker_away", "Kafka did not acknowledge in time.")
        case _ if is_transient(error):
            return _come_again("database_away", "The database did not answer.")
        case _:
            return None


def _come_again(code: str, detail: str) -> Refusal:
    again = f"{detail} Deliver the same again: nothing doubles."
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, code, again, {"Retry-After": str(RETRY_AFTER_S)})


_encode = msgspec.json.Encoder().encode
_ANSWERS: dict[int | str, dict[str, Any]] = (
    answer({"accepted": 1, "kept": 0, "ignored": None})
    | refusal(400, "body_unreadable", "Expected `str`, got `int` - at `$.id`")
    | refusal(401, "signature_wrong", "The signature is not of this body under a secret known here.")
    | refusal(404, "provider_not_connected", "Set ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS to …")
    | refusal(413, "body_too_large", "At most 4194304 bytes are taken.")
    | refusal(422, "fact_broken", "storefront.order-paid.v1: Expected `int` >= 0 - at `$.amount_minor`")
    | refusal(503, "broker_away", "Kafka did not acknowledge in time. Deliver the same again: nothing doubles.")
)
