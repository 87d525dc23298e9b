"""Bodies about issues: what went wrong, and why there is no such issue."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.orders import Resolution
from contracts.vocabulary import IssueKind, Severity


class IssueBody(BaseModel):
    """Something that went wrong with an order."""

    model_config = ConfigDict(from_attributes=True)

    issue_id: str
    order_id: str
    customer_id: str
    kind: IssueKind
    severity: Severity
    shipment_id: str | None
    line_ids: list[str]
    opened_at: datetime
    promised_by: datetime | None
    known: str = Field(description="What is known, as one sentence for people")
    expected_next: str | None
    expected_by: datetime | None
    told_by: datetime = Field(description="When the customer should have been told at the latest")
    evidence: dict[str, str]
    resolution: Resolution | None = Field(description="Missing while the issue is open")
    resolved_at: datetime | None


class ConditionBody(BaseModel):
    """One thing that must hold for an issue to open."""

    model_config = ConfigDict(from_attributes=True)

    condition: str
    reason: str | None = Field(description="Why it does not hold; missing where it holds")
    words: str


class LookBody(BaseModel):
    """What a look at a moment leads to."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    opens: bool
    reason: str = Field(description="Of the first condition that does not hold; `opens` where all hold")
    words: str
    conditions: list[ConditionBody] = Field(description="In the order in which they are asked")


class WhyNotBody(BaseModel):
    """Why an order has no issue of a kind, or that it has one."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    kind: IssueKind
    state: Literal["open", "resolved", "not_opened"]
    issue_ids: list[str]
    would_open_it: str = Field(description="What would have to be true, in words")
    now: LookBody
    last_look: LookBody | None = Field(description="When somebody looked for this, by what was known then")
    next_look: LookBody | None = Field(description="When somebody looks, and what comes of it if nothing happens")
