"""What the notifier answers over HTTP. No address is ever shown whole."""

from datetime import datetime
from typing import Any, Self

import msgspec
from pydantic import BaseModel, Field

from contracts.vocabulary import Channel, Purpose
from notifier.kinds import Concern
from notifier.messages import State
from notifier.policy import Policy


class MessageBody(BaseModel):
    """One message: what became of it, and why."""

    message_id: str
    customer_id: str
    kind: str = Field(examples=["issue_opened"])
    purpose: Purpose
    channel: Channel
    state: State
    reason: str | None = Field(
        default=None, description="Why it is held, was suppressed or failed", examples=["expired"]
    )
    remedy: str | None = Field(default=None, description="What would have changed it, or will")
    order_id: str | None = None
    issue_id: str | None = None
    invitation_id: str | None = None
    intended_at: datetime
    expires_at: datetime
    told_by: datetime | None = Field(default=None, description="When the customer should know of the issue")
    held_until: datetime | None = None
    ready_at: datetime | None = Field(default=None, description="When it was decided to send it")
    attempts: int
    inside: str | None = Field(default=None, description="The message that it went out inside of")


class ConsentBody(BaseModel):
    """One answer about one purpose on one channel."""

    channel: Channel
    purpose: Purpose
    given: bool
    evidence: str
    said_at: datetime


class PersonBody(BaseModel):
    """How a customer may be reached, masked."""

    customer_id: str
    erased: bool
    email: str | None = Field(default=None, examples=["a***@example.org"])
    given_name: str | None = Field(default=None, examples=["A***"])
    locale: str | None = None
    zone: str | None = None
    consents: list[ConsentBody]


class ToldBody(BaseModel):
    """How often customers heard from us before they had to ask."""

    issues: int = Field(description="Issues whose opening was to be told")
    told: int
    told_in_time: int = Field(description="Decided to send at `told_by` or before; issues without one count")
    not_told: int = Field(description="Suppressed, failed, or unknown")
    waiting: int


class PolicyBody(BaseModel):
    """The shop's manners."""

    version: str
    values: dict[str, Any] = Field(description="As the file says them, with everything that it leaves out")
    quiet_hours: dict[str, dict[Concern, Any]] = Field(
        description="What holds, by country (`*`: every other) and concern",
        examples=[{"*": {"issue": {"begins": "21:00:00", "ends": "08:00:00", "closed": []}}}],
    )

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """As it is in force."""
        values = msgspec.to_builtins(policy)
        hold = {
            country or "*": {one: msgspec.to_builtins(policy.quiet(country, one)) for one in Concern}
            for country in policy.named_countries
        }
        return cls(version=values.pop("version"), values=values, quiet_hours=hold)
