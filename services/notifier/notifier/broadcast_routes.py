"""HTTP for staff: how far broadcasts are, and how they are stopped, let go on, and slowed down."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path

from chassis import audits
from chassis.access import READ, WRITE, needs
from chassis.openapi import answer, refusal
from chassis.runtime import Runtime
from notifier import broadcast_store
from notifier.broadcast_schemas import BROADCASTS, GOING, STOPPED, BroadcastBody, PaceIn, SteeringIn
from notifier.broadcasts import Step

MOST_LISTED = 20
UNKNOWN = refusal(404, "unknown_broadcast", f"There is no broadcast {STOPPED['broadcast_id']}.")
BroadcastId = Annotated[str, Path(max_length=128, pattern=r"^[\x21-\x7E]+$", examples=[STOPPED["broadcast_id"]])]


def broadcast_routes(runtime: Runtime, usual: float) -> APIRouter:
    """Everything about broadcasts; `usual` messages of each leave in a second."""
    router = APIRouter(prefix="/v1/broadcasts", tags=["broadcasts"])

    async def steered(
        broadcast_id: str, step: Step | None = None, actor: str = "", per_second: float | None = None
    ) -> BroadcastBody:
        async with runtime.transaction() as tx:
            if step and await broadcast_store.steer(tx, broadcast_id, step, actor=actor, per_second=per_second):
                await audits.write(tx, on_behalf_of=actor)
            found = await broadcast_store.broadcast(tx, broadcast_id, usual_per_second=usual)
        return BroadcastBody.of(found, datetime.now(UTC))

    @router.get("", summary="The last broadcasts, the latest first", responses=answer(BROADCASTS))
    @needs(READ)
    async def broadcasts() -> list[BroadcastBody]:
        async with runtime.transaction() as tx:
            found = await broadcast_store.broadcasts(tx, most=MOST_LISTED, usual_per_second=usual)
        return [BroadcastBody.of(one, datetime.now(UTC)) for one in found]

    @router.get("/{broadcast_id}", summary="How far one is", responses=answer(GOING) | UNKNOWN)
    @needs(READ)
    async def broadcast(broadcast_id: BroadcastId) -> BroadcastBody:
        return await steered(broadcast_id)

    @router.patch("/{broadcast_id}", summary="How fast it goes", responses=answer(GOING) | UNKNOWN)
    @needs(WRITE)
    async def pace(broadcast_id: BroadcastId, body: PaceIn) -> BroadcastBody:
        return await steered(broadcast_id, Step.pace, body.actor, body.per_second)

    @router.post(
        "/{broadcast_id}/stop",
        summary="Nothing more of it leaves, within a second; again changes nothing",
        responses=answer(STOPPED) | UNKNOWN,
    )
    @needs(WRITE)
    async def stop(broadcast_id: BroadcastId, body: SteeringIn) -> BroadcastBody:
        return await steered(broadcast_id, Step.stop, body.actor)

    @router.post(
        "/{broadcast_id}/resume",
        summary="It goes on where it was; what is too old by then is decided again",
        responses=answer(GOING) | UNKNOWN,
    )
    @needs(WRITE)
    async def resume(broadcast_id: BroadcastId, body: SteeringIn) -> BroadcastBody:
        return await steered(broadcast_id, Step.resume, body.actor)

    return router
