"""Bodies about the policy and its trials."""

from datetime import datetime
from typing import Any, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import IssueKind
from orders_listener.policy import Policy


class PolicyBody(BaseModel):
    """The numbers that rules are given."""

    version: str
    values: dict[str, Any] = Field(description="Lengths as ISO 8601 durations")

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """As it is in force."""
        values = msgspec.to_builtins(policy)
        return cls(version=values.pop("version"), values=values)


class TallyBody(BaseModel):
    """What came of one policy."""

    model_config = ConfigDict(from_attributes=True)

    opened: dict[IssueKind, int]
    resolved: dict[IssueKind, int] = Field(description="Of those opened, until now")
    people_told: int = Field(description="Customers with an issue")


class DifferenceBody(BaseModel):
    """An issue that the two policies open at different moments, or that only one of them opens."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    kind: IssueKind
    subject: str
    running_at: datetime | None
    tried_at: datetime | None


class PolicyTrialBody(BaseModel):
    """Two policies, folded anew on the same recorded orders. Nothing was written, nobody was told."""

    model_config = ConfigDict(from_attributes=True)

    since: datetime
    until: datetime
    orders: int
    running: TallyBody
    tried: TallyBody
    differences: list[DifferenceBody] = Field(description="At most 100, by order")
