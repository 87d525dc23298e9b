"""Webhooks as HTTP bodies. A secret is shown when it is made, and never again."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from notifier.webhook_store import Counts, DeliveryState, Known
from notifier.webhooks import Endpoint

MOST_TYPES = 50
FACT_TYPE = r"^([a-z]+\.)?([a-z0-9_]+\.)*([a-z0-9_]+|\*)$"
WEBHOOK_ID = "0d6e2d44-6c2f-4f1e-9c6a-0f9a3b1f4f5e"
EVENT_ID = "2b1e0a7e-9d0c-5f43-8a1d-6f5b3c2a1d0e"
WEBHOOK_IN: dict[str, Any] = {
    "url": "https://crm.shop.example/hooks/rapport",
    "types": ["notifications.*", "orders.issue_opened.v1"],
    "description": "CRM",
}
WEBHOOK: dict[str, Any] = WEBHOOK_IN | {
    "webhook_id": WEBHOOK_ID,
    "enabled": True,
    "disabled_reason": None,
    "failures": 0,
    "rests_until": None,
    "former_secret_until": None,
    "created_at": "2026-11-23T09:12:40Z",
    "delivered_at": "2026-11-23T09:14:02Z",
    "waiting": 3,
    "arrived": 1_204,
    "failed": 2,
}
SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
WITH_SECRET = WEBHOOK | {"secret": SECRET}
DELIVERY: dict[str, Any] = {
    "event_id": EVENT_ID,
    "type": "notifications.message_sent.v1",
    "customer_id": "ada",
    "state": "failed",
    "attempts": 10,
    "status": 500,
    "error": None,
    "next_at": None,
    "occurred_at": "2026-11-20T05:12:40Z",
    "created_at": "2026-11-20T05:12:41Z",
    "ended_at": "2026-11-23T09:12:40Z",
}
DELIVERIES = {"data": [DELIVERY], "next_cursor": None}
REPLAYED = {"deliveries": 1}
Url = Annotated[str, Field(min_length=9, max_length=2_000)]
Types = Annotated[list[Annotated[str, Field(max_length=100, pattern=FACT_TYPE)]], Field(max_length=MOST_TYPES)]


class WebhookIn(BaseModel):
    """An endpoint that facts are posted to."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [WEBHOOK_IN]})

    url: Url = Field(description="https; an address that is not public is refused, at the latest at connecting")
    types: Types = Field(default=[], description="Facts that are wanted, a last `*` for all that begin so; none: all")
    description: str = Field(default="", max_length=200)


class WebhookPatch(BaseModel):
    """What changes; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}]})

    url: Url | None = None
    types: Types | None = None
    description: str | None = Field(default=None, max_length=200)
    enabled: bool | None = Field(default=None, description="false: nothing more is posted; what is owed is given up")


class WebhookBody(BaseModel):
    """One endpoint, and how it is doing."""

    webhook_id: str
    url: str
    types: list[str]
    description: str
    enabled: bool
    disabled_reason: str | None = Field(description="staff, or gone: it answered 410")
    failures: int = Field(description="In a row")
    rests_until: datetime | None = Field(description="Nothing is posted before, because it failed or asked for it")
    former_secret_until: datetime | None = Field(description="So long the secret of before signs too")
    created_at: datetime
    delivered_at: datetime | None = Field(description="When something last arrived")
    waiting: int
    arrived: int
    failed: int

    @classmethod
    def of(cls, found: Endpoint, counts: Counts) -> dict[str, Any]:
        """As it is, without its secrets."""
        return {
            "webhook_id": found.webhook_id,
            "url": found.url,
            "types": list(found.types),
            "description": found.description,
            "enabled": found.disabled_reason is None,
            "disabled_reason": found.disabled_reason,
            "failures": found.failures,
            "rests_until": found.rests_until,
            "former_secret_until": found.former_until,
            "created_at": found.created_at,
            "delivered_at": found.delivered_at,
            **counts._asdict(),
        }


class WebhookWithSecretBody(WebhookBody):
    """With its secret, this once."""

    secret: str = Field(description="Signs what is posted; shown this once", examples=[SECRET])


class DeliveryBody(BaseModel):
    """One fact that is, or was, owed to an endpoint."""

    event_id: str = Field(description="The header `webhook-id`, the same at every attempt")
    type: str
    customer_id: str
    state: DeliveryState
    attempts: int
    status: int | None = Field(description="The last HTTP status")
    error: str | None = Field(
        description="Why there was none: forbidden_address, timeout, no_connection, tls_failed, no_http, no_url; "
        "or endpoint_disabled"
    )
    next_at: datetime | None
    occurred_at: datetime
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, known: Known) -> "DeliveryBody":
        """As it is."""
        return cls(**known._asdict())


class ReplayIn(BaseModel):
    """What is to be posted again."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime = Field(description="Everything that was owed from then on", examples=["2026-11-20T00:00:00Z"])
    arrived_too: bool = Field(default=False, description="Also what arrived, for an endpoint that lost it")


class ReplayedBody(BaseModel):
    """How many will be posted again."""

    deliveries: int
