"""Routes every service has: health, metrics, why something was decided, what is parked and how it comes back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from chassis import audits, customers, decisions, examples, parked, positions
from chassis.access import OPERATE, READ, needs, opened
from chassis.health import Health
from chassis.openapi import answer
from chassis.pagination import LARGEST_PAGE_SIZE, PAGE_SIZE, Page, decode_cursor, encode_cursor, place_in
from chassis.redrive import RedriveReport, redrive
from chassis.runtime import Runtime

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE_SIZE, description="Rows per page")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]


def health_routes(health: Health) -> APIRouter:
    """Probes and metrics."""
    router = APIRouter(tags=["operations"])

    @router.get("/health/started", summary="Has it come so far that the other two mean something?")
    @opened("probes have no key", limited=False)
    async def started() -> JSONResponse:
        content = {"status": "started" if health.started else "starting", "reason": health.reason or None}
        return JSONResponse(content, 200 if health.started else 503)

    @router.get("/health/live", summary="Is it worth keeping this process?")
    @opened("probes have no key", limited=False)
    async def live() -> JSONResponse:
        stuck = health.stuck()
        return JSONResponse({"status": "stuck" if stuck else "alive", "reason": stuck}, 503 if stuck else 200)

    @router.get("/health/ready", summary="May it be given work?")
    @opened("probes have no key", limited=False)
    async def ready() -> JSONResponse:
        content = {"status": "ready" if health.ready else "not_ready", "reason": health.reason or None}
        return JSONResponse(content, 200 if health.ready else 503)

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    @opened("it holds numbers, of nobody", limited=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


class DecisionRow(BaseModel):
    """Why something was done or left undone."""

    customer_id: str
    subject: str = Field(description="What it is about: an order, an issue, a message …")
    rule: str
    version: str
    outcome: str
    reason: str
    at: datetime
    cause_kind: str
    cause_id: str = Field(description="The event, deadline or command that led to it")
    root_id: str = Field(description="The event or command that a deadline goes back to")
    correlation_id: str
    detail: dict[str, Any]


class ParkedRow(BaseModel):
    """A record that was not applied."""

    parked_id: int
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    customer_id: str | None
    event_id: str | None
    attempts: int
    state: str
    parked_at: datetime
    value_base64: str | None = Field(default=None, description="The bytes as they lie in Kafka; on request only")
    bytes_at: str | None = Field(default=None, description="Where they are if they are not kept here; on request only")


class DecisionCount(BaseModel):
    """How often something was decided for one reason."""

    rule: str
    outcome: str
    reason: str
    number: int


class PositionRow(BaseModel):
    """Where one topic's partition stands, and what became of everything that was read there."""

    topic: str
    partition: int
    next_offset: int
    settled_at: datetime | None = Field(description="Up to here events and deadlines of the partition are folded")
    consumed: int
    applied: int
    duplicate: int
    parked: int
    ignored: int


class BlockedRow(BaseModel):
    """A customer whose items wait until what failed is redriven."""

    customer_id: str
    blocked_at: datetime
    blocked_reason: str
    blocked_by: str = Field(description="The event or deadline that could not be applied")
    waiting: int = Field(description="Records that wait parked")


class AuditRow(BaseModel):
    """A command that somebody gave."""

    audit_id: int
    at: datetime
    client: str = Field(description="key:<id>, token:<subject>, or command line")
    client_name: str = Field(description="What the key was called then")
    action: str = Field(description="The route, or the command")
    subject: str | None = Field(description="What it was about, by its ids")
    on_behalf_of: str | None = Field(description="For whom the client said it acted")
    customer_id: str | None


class RedriveRequest(BaseModel, extra="forbid"):
    """Which parked events to take up again. Nothing is changed unless `dry_run` is false."""

    customer_id: str | None = Field(default=None, description="All of one customer, in their original order")
    reason: str | None = Field(default=None, description="Every customer with an event parked for this reason")
    dry_run: bool = True
    limit: int = Field(default=1_000, ge=1, le=10_000, description="Most customers in one call")


def routes(runtime: Runtime) -> APIRouter:
    """Decisions and parked events."""
    router = APIRouter(prefix="/v1", tags=["operations"])

    @router.get(
        "/customers/{customer_id}/decisions",
        summary="Why did you, why did you not?",
        responses=answer(examples.DECISIONS),
    )
    @needs(READ)
    async def decisions_of(
        customer_id: str, subject: str | None = None, limit: Limit = PAGE_SIZE, cursor: Cursor = None
    ) -> Page[DecisionRow]:
        after = place_in(cursor)
        async with runtime.transaction() as tx:
            rows = await decisions.of_customer(tx, customer_id, subject=subject, after=after, most=limit)
        data = [DecisionRow.model_validate(row) for row in rows]
        return Page(data=data, next_cursor=encode_cursor(rows[-1]["decision_id"]) if len(rows) == limit else None)

    @router.get("/decisions", summary="How often what was decided, and why", responses=answer(examples.DECISION_COUNTS))
    @needs(READ)
    async def decision_counts() -> list[DecisionCount]:
        async with runtime.transaction() as tx:
            return [DecisionCount.model_validate(row) for row in await decisions.counts(tx)]

    @router.get(
        "/positions",
        summary="How far everything has been read; consumed is the sum of the four fates",
        responses=answer(examples.POSITIONS),
    )
    @needs(READ)
    async def all_positions() -> list[PositionRow]:
        async with runtime.transaction() as tx:
            return [PositionRow.model_validate(row) for row in await positions.listed(tx)]

    @router.get("/parked", summary="What could not be applied", responses=answer(examples.PARKED))
    @needs(OPERATE)
    async def parked_events(
        reason: str | None = None,
        customer_id: str | None = None,
        state: str = "parked",
        limit: Limit = PAGE_SIZE,
        cursor: Cursor = None,
    ) -> Page[ParkedRow]:
        after = place_in(cursor)
        async with runtime.transaction() as tx:
            rows = await parked.listed(tx, reason=reason, customer_id=customer_id, state=state, after=after, most=limit)
        data = [ParkedRow.model_validate(row) for row in rows]
        return Page(data=data, next_cursor=encode_cursor(rows[-1]["parked_id"]) if len(rows) == limit else None)

    @router.get(
        "/parked/{parked_id}", summary="One parked record, with its bytes", responses=answer(examples.PARKED_ROW)
    )
    @needs(OPERATE)
    async def parked_event(parked_id: int) -> ParkedRow:
        async with runtime.transaction() as tx:
            return ParkedRow.model_validate(await parked.one(tx, runtime.service, parked_id))

    @router.get(
        "/blocked",
        summary="Customers whose events and deadlines wait, and for what",
        responses=answer(examples.BLOCKED),
    )
    @needs(OPERATE)
    async def blocked_customers(limit: Limit = PAGE_SIZE, cursor: Cursor = None) -> Page[BlockedRow]:
        place = decode_cursor(cursor)
        async with runtime.transaction() as tx:
            rows = await customers.blocked(tx, str(place[0]) if place else "", limit)
        data = [BlockedRow.model_validate(row) for row in rows]
        return Page(data=data, next_cursor=encode_cursor(rows[-1]["customer_id"]) if len(rows) == limit else None)

    @router.post("/parked/{parked_id}/discard", summary="Give one parked record up for good", status_code=204)
    @needs(OPERATE)
    async def discard_parked(parked_id: int) -> None:
        async with runtime.transaction() as tx:
            await parked.discard(tx, runtime.service, parked_id, actor=audits.client_id("http"))
            await audits.write(tx)

    @router.get("/audits", summary="Who gave which command, the latest first", responses=answer(examples.AUDITS))
    @needs(OPERATE)
    async def all_audits(
        client: str | None = None, customer_id: str | None = None, limit: Limit = PAGE_SIZE, cursor: Cursor = None
    ) -> Page[AuditRow]:
        before = place_in(cursor) or None
        async with runtime.transaction() as tx:
            rows = await audits.listed(tx, client=client, customer_id=customer_id, before=before, most=limit)
        data = [AuditRow.model_validate(row) for row in rows]
        return Page(data=data, next_cursor=encode_cursor(rows[-1]["audit_id"]) if len(rows) == limit else None)

    @router.post(
        "/redrive",
        summary="Take parked events up again; a dry run unless told otherwise",
        responses=answer(examples.REDRIVEN),
    )
    @needs(OPERATE)
    async def redrive_parked(body: RedriveRequest) -> RedriveReport:
        return await redrive(
            runtime,
            customer_id=body.customer_id,
            reason=body.reason,
            dry_run=body.dry_run,
            limit=body.limit,
            actor=audits.client_id("http"),
        )

    return router
