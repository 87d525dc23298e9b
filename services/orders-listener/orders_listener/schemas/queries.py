"""What is asked for over HTTP: parts of paths, queries and requests."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, Field

from chassis.pagination import LARGEST_PAGE_SIZE, PAGE_SIZE
from contracts.vocabulary import IssueKind, Severity

PRINTABLE = r"^[\x21-\x7E]+$"
OrderId = Annotated[str, Path(max_length=128, pattern=PRINTABLE, examples=["o-17"])]
CustomerId = Annotated[str, Path(max_length=128, pattern=PRINTABLE, examples=["ada"])]
OneOrNone = Annotated[str | None, Field(max_length=128, pattern=PRINTABLE)]
Actor = Annotated[str, Field(max_length=128, pattern=r"^(customer|(care|service):[\x21-\x7E]+)$")]


class IssueState(StrEnum):
    """Whether an issue lasts."""

    open = "open"
    resolved = "resolved"


class PageQuery(BaseModel, extra="forbid"):
    """Which page of a list. What is asked for and not known is refused: it would look like an answer."""

    limit: int = Field(default=PAGE_SIZE, ge=1, le=LARGEST_PAGE_SIZE, description="Rows per page")
    cursor: str | None = Field(default=None, max_length=512, description="`next_cursor` of the page before")


class OrdersQuery(PageQuery):
    """Which orders."""

    customer_id: OneOrNone = Field(default=None, description="Only of this customer")


class IssuesQuery(PageQuery):
    """Which issues; what is not named may be anything."""

    state: IssueState | None = None
    kind: IssueKind | None = None
    severity: Severity | None = None
    customer_id: OneOrNone = Field(default=None, description="Only of this customer")
    order_id: OneOrNone = Field(default=None, description="Only of this order")
    opened_from: AwareDatetime | None = Field(default=None, description="Opened then or later")
    opened_until: AwareDatetime | None = Field(default=None, description="Opened before that")

    def columns(self) -> dict[str, str | None]:
        """What must be equal, by column."""
        names = {"state", "kind", "severity", "customer_id", "order_id"}
        return self.model_dump(include=names)


class WhyNotQuery(BaseModel, extra="forbid"):
    """What was expected and is not there."""

    kind: IssueKind


class DelayAcceptanceRequest(BaseModel, extra="forbid"):
    """The customer will wait."""

    until: AwareDatetime | None = Field(default=None, description="A date that is a promise again; missing: no date")
    actor: Actor = Field(default="customer", description="Who says so: customer, care:<name> or service:<name>")


class CancellationRequest(BaseModel, extra="forbid"):
    """The customer wants the money back instead of waiting."""

    reason: str | None = Field(default=None, max_length=500, description="Passed on to the storefront, not kept")
    actor: Actor = Field(default="customer", description="Who says so: customer, care:<name> or service:<name>")


class PolicyTrialRequest(BaseModel, extra="forbid"):
    """What to try."""

    policy: dict[str, Any] = Field(description="What is different from the running policy, as `GET /v1/policy` says it")
    days: int = Field(ge=1, le=400, description="On the orders that began in so many days until now")
