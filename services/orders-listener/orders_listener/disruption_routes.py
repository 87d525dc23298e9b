"""HTTP in: disruptions that staff declares, and what is said of them later.

A request writes one row. Whom it concerns is called afterwards, in portions (calls.py), and told by the folds.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Query
from msgspec import structs

from chassis import audits
from chassis.access import READ, WRITE, needs
from chassis.errors import Conflict
from chassis.openapi import answer, refusal
from chassis.pagination import Page
from chassis.runtime import Runtime
from chassis.service import Tx
from chassis.settings import ClockKind
from contracts.ids import derived_id
from orders_listener import declared, examples
from orders_listener.disruptions.declarations import Disruption, Over, Statement
from orders_listener.routes import Key, cursor_of, place_of
from orders_listener.schemas.disruptions import (
    DeclarationBody,
    DeclarationRequest,
    DisruptionBody,
    DisruptionDetailBody,
    DisruptionsQuery,
    EndRequest,
    StatementRequest,
)

A_MOMENT = timedelta(microseconds=1)
DisruptionId = Annotated[str, Path(max_length=128, pattern=r"^[\x21-\x7E]+$", examples=[examples.DISRUPTION_ID])]
UNKNOWN = refusal(404, "unknown_disruption", "There is no such disruption.")
BUSY = refusal(409, "busy", "A batch takes unusually long; say it again in a while.")
OVER = refusal(409, "disruption_over", "It is over already: ended by care:eve.")
TOO_MANY = refusal(409, "too_many_disruptions", f"{declared.MOST_LASTING} disruptions last already; end some.")
TOO_MUCH = refusal(
    409, "too_many_statements", f"{declared.MOST_STATEMENTS} things were said about this; declare it anew."
)


def disruption_routes(runtime: Runtime) -> APIRouter:
    """What is wrong for many orders at once."""
    router = APIRouter(prefix="/v1/disruptions", tags=["disruptions"])

    @router.post(
        "",
        summary="Declare a disruption; a dry run unless told otherwise",
        responses=answer(examples.DECLARED) | _either(TOO_MANY, BUSY),
    )
    @needs(WRITE)
    async def declare(body: DeclarationRequest, key: Key = None) -> DeclarationBody:
        async with runtime.transaction() as tx:
            reach = await declared.reach_of(tx, body.concerns.concern())
        disruption = None if body.dry_run else await _declared(runtime, body, _identity("declaration", key))
        return DeclarationBody.of(reach, disruption)

    @router.get("", summary="Disruptions, the latest first", responses=answer(examples.DISRUPTIONS))
    @needs(READ)
    async def disruptions(query: Annotated[DisruptionsQuery, Query()]) -> Page[DisruptionBody]:
        lasts = None if query.state is None else query.state == "lasting"
        async with runtime.transaction() as tx:
            found = await declared.listed(tx, lasts=lasts, before=place_of(query.cursor), most=query.limit)
        last = found[-1] if len(found) == query.limit else None
        return Page(
            data=[DisruptionBody.of(one) for one in found],
            next_cursor=cursor_of(last.declared.said_at, last.disruption_id) if last else None,
        )

    @router.get(
        "/{disruption_id}",
        summary="What was said of one, and what came of it",
        responses=answer(examples.DISRUPTION_IN_FULL) | UNKNOWN,
    )
    @needs(READ)
    async def disruption(disruption_id: DisruptionId) -> DisruptionDetailBody:
        async with runtime.transaction() as tx:
            return await _in_full(tx, disruption_id)

    @router.patch(
        "/{disruption_id}",
        summary="Say what is different now",
        responses=answer(examples.DISRUPTION_IN_FULL) | UNKNOWN | _either(OVER, TOO_MUCH, BUSY),
    )
    @needs(WRITE)
    async def say(disruption_id: DisruptionId, body: StatementRequest, key: Key = None) -> DisruptionDetailBody:
        changes = body.model_dump(exclude_unset=True)
        return await _said(runtime, disruption_id, _identity(f"statement {disruption_id}", key), changes)

    @router.post(
        "/{disruption_id}/end",
        summary="It is over",
        responses=answer(examples.DISRUPTION_IN_FULL) | UNKNOWN | _either(OVER, BUSY),
    )
    @needs(WRITE)
    async def end(disruption_id: DisruptionId, body: EndRequest, key: Key = None) -> DisruptionDetailBody:
        changes = {"actor": body.actor, "over": Over.ended}
        return await _said(runtime, disruption_id, _identity(f"end {disruption_id}", key), changes)

    @router.post(
        "/{disruption_id}/withdrawal",
        summary="It should not have been declared",
        responses=answer(examples.DISRUPTION_IN_FULL) | UNKNOWN | _either(OVER, BUSY),
    )
    @needs(WRITE)
    async def withdraw(disruption_id: DisruptionId, body: EndRequest, key: Key = None) -> DisruptionDetailBody:
        changes = {"actor": body.actor, "over": Over.withdrawn}
        return await _said(runtime, disruption_id, _identity(f"withdrawal {disruption_id}", key), changes)

    return router


def _either(*refusals: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """Refusals of one status as one answer with an example of each."""
    first, *others = refusals
    [(status, described)] = first.items()
    [(media_type, body)] = described["content"].items()
    named = body["examples"] | {
        code: example for other in others for code, example in other[status]["content"][media_type]["examples"].items()
    }
    return {status: {"content": {media_type: {"examples": named}}}}


def _identity(what: str, key: str | None) -> str:
    """Of the command: the same for the same key."""
    return derived_id("command", "disruption", what, key) if key else str(uuid4())


async def _declared(runtime: Runtime, body: DeclarationRequest, statement_id: str) -> Disruption:
    disruption_id = derived_id("disruption", statement_id)
    async with runtime.transaction() as tx:
        await declared.write_alone(tx)
        at = await _moment(runtime, tx)
        said = Statement(
            statement_id=statement_id,
            said_at=at,
            **body.model_dump(include={"actor", "known", "severity", "expected_next", "expected_end_at"}),
        )
        disruption = Disruption(
            disruption_id=disruption_id,
            concern=body.concerns.concern(),
            starts_at=body.starts_at or at,
            statements=(said,),
        )
        if await declared.declare(tx, disruption):
            await audits.write(tx, subject=disruption_id, on_behalf_of=body.actor)
        return await declared.disruption_of(tx, disruption_id)


async def _said(
    runtime: Runtime, disruption_id: str, statement_id: str, changes: dict[str, Any]
) -> DisruptionDetailBody:
    async with runtime.transaction() as tx:
        await declared.write_alone(tx)
        known = await declared.disruption_of(tx, disruption_id)
        if all(said.statement_id != statement_id for said in known.statements):
            said = _changed(known, statement_id, await _moment(runtime, tx), changes)
            if await declared.say(tx, said):
                await audits.write(tx, on_behalf_of=said.last.actor)
        return await _in_full(tx, disruption_id)


def _changed(known: Disruption, statement_id: str, at: datetime, changes: dict[str, Any]) -> Disruption:
    """With one more statement, later than the last. Raises Conflict (disruption_over)."""
    if known.last.over is not None:
        raise Conflict("disruption_over", f"It is over already: {known.last.over} by {known.last.actor}.")
    later = max(at, known.last.said_at + A_MOMENT)
    said = structs.replace(known.last, statement_id=statement_id, said_at=later, **changes)
    return structs.replace(known, statements=(*known.statements, said))


async def _moment(runtime: Runtime, tx: Tx) -> datetime:
    """Now, and not before anything that is folded: nobody folds while we write alone."""
    return datetime.now(UTC) if runtime.settings.clock is ClockKind.real else await declared.settled_at(tx)


async def _in_full(tx: Tx, disruption_id: str) -> DisruptionDetailBody:
    disruption = await declared.disruption_of(tx, disruption_id)
    return DisruptionDetailBody.in_full(disruption, await declared.effect_of(tx, disruption_id))
