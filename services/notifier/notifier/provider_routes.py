"""HTTP about providers: how they are, as the processes find them that send."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from chassis.access import READ, needs
from chassis.openapi import answer
from chassis.web import Transaction
from contracts.vocabulary import Channel
from notifier import provider_store
from notifier.health import Health

EXAMPLE = {
    "data": [
        {
            "channel": "email", "name": "main", "sender": "notifier-7f:1", "state": "open", "per_second": 50.0,
            "in_flight": 0, "code": "535 5.7.8", "since": "2026-03-02T09:00:00Z",
        }
    ]
}  # fmt: skip


class ProviderBody(BaseModel):
    """One provider, as one process finds it."""

    channel: Channel
    name: str = Field(description="As the shop's file calls it; `smtp` for that of the SMTP_* settings")
    sender: str = Field(description="The process: each has connections and a breaker of its own")
    state: str = Field(description="closed: it is used; open: left alone; half_open: one message tries it")
    per_second: float | None = Field(description="The most that it is given; null: as much as it takes")
    in_flight: int
    code: str | None = Field(description="Of its last trouble")
    since: datetime = Field(description="In that state")


class ProvidersBody(BaseModel):
    """All of them."""

    data: list[ProviderBody]


def provider_routes() -> APIRouter:
    """One route."""
    router = APIRouter(prefix="/v1", tags=["notifier"])

    @router.get("/providers", summary="Providers and how they are, as each sending process finds them",
                responses=answer(EXAMPLE))  # fmt: skip
    @needs(READ)
    async def list_providers(tx: Transaction) -> ProvidersBody:
        return ProvidersBody(data=[_body(sender, health) for sender, health in await provider_store.known(tx)])

    return router


def _body(sender: str, health: Health) -> ProviderBody:
    return ProviderBody(sender=sender, **{name: getattr(health, name) for name in Health.__struct_fields__})
