"""Bodies about disruptions: what staff declares and says later, and what came of it."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.vocabulary import Severity
from orders_listener.disruptions.declarations import Concern, Disruption, Effect, Over, Reach
from orders_listener.schemas.queries import PageQuery

Staff = Annotated[
    str, Field(max_length=128, pattern=r"^(care|service):[\x21-\x7E]+$", description="care:<name> or service:<name>")
]
PRINTABLE = r"^[^\x00-\x1F\x7F]+$"
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=PRINTABLE)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=PRINTABLE)]
KNOWN = "One sentence for the customers, in the language of the shop's mails"


class ConcernBody(BaseModel):
    """Orders underway of which everything holds that is given, at least one. Letter case means nothing."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    carrier: Name | None = Field(default=None, description="A parcel that is waited for is this carrier's")
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$", description="It goes there")
    region: Name | None = Field(default=None, description="… to this region of the country")
    postcode_prefix: Name | None = Field(
        default=None, max_length=8, description="… where postcodes begin so, as far as orders name them"
    )
    warehouse_id: Name | None = Field(default=None, description="Something of it has not left this warehouse")
    sku: Name | None = Field(default=None, description="A piece of this article is waited for")

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("name at least one of them, or everybody would be told")
        if (self.region or self.postcode_prefix) and not self.country:
            raise ValueError("a region or a postcode needs its country")
        return self

    def concern(self) -> Concern:
        """As the rules know it."""
        return Concern(**self.model_dump())


class DeclarationRequest(BaseModel, extra="forbid"):
    """Something is wrong for many orders. Nothing is done unless `dry_run` is false."""

    concerns: ConcernBody
    known: Words = Field(description=KNOWN)
    severity: Severity = Severity.serious
    expected_next: Words | None = Field(default=None, description="What is expected next")
    expected_end_at: AwareDatetime | None = Field(default=None, description="By when; that it passes ends nothing")
    starts_at: AwareDatetime | None = Field(default=None, description="Nobody is told before; missing: at once")
    actor: Staff
    dry_run: bool = True


class StatementRequest(BaseModel, extra="forbid"):
    """What is different now; what is not named stays. Whom it concerns stays always."""

    known: Words | None = Field(default=None, description=KNOWN)
    severity: Severity | None = Field(default=None, description="Customers are written to again when it gets worse")
    expected_next: Words | None = Field(default=None, description="null: nothing")
    expected_end_at: AwareDatetime | None = Field(default=None, description="null: unknown")
    actor: Staff

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        named = self.model_fields_set - {"actor"}
        if not named:
            raise ValueError("name what is different")
        if any(getattr(self, name) is None for name in named & {"known", "severity"}):
            raise ValueError("known and severity cannot be nothing")
        return self


class EndRequest(BaseModel, extra="forbid"):
    """It is over."""

    actor: Staff


class DisruptionsQuery(PageQuery):
    """Which disruptions."""

    state: Literal["lasting", "over"] | None = None


class StatementBody(BaseModel):
    """What staff said at one moment."""

    model_config = ConfigDict(from_attributes=True)

    said_at: datetime
    actor: str
    known: str
    severity: Severity
    expected_next: str | None
    expected_end_at: datetime | None
    over: Over | None = Field(description="ended or withdrawn: it was the last word")


class DisruptionBody(BaseModel):
    """Something that is wrong for many orders."""

    disruption_id: str
    concerns: ConcernBody
    begins_at: datetime
    over_at: datetime | None
    statements: list[StatementBody] = Field(description="The last one holds")

    @classmethod
    def of(cls, disruption: Disruption) -> Self:
        """As it is known."""
        return cls(
            disruption_id=disruption.disruption_id,
            concerns=ConcernBody.model_validate(disruption.concern),
            begins_at=disruption.begins_at,
            over_at=disruption.over_at,
            statements=[StatementBody.model_validate(said) for said in disruption.statements],
        )


class DisruptionDetailBody(DisruptionBody):
    """… and what came of it so far."""

    issues_opened: int = Field(description="Orders whose customers it was an issue of")
    issues_open: int
    calling: bool = Field(description="Orders that the last words concern are still being called")

    @classmethod
    def in_full(cls, disruption: Disruption, effect: Effect) -> Self:
        """With what it did."""
        return cls(
            **dict(DisruptionBody.of(disruption)),
            issues_opened=effect.opened,
            issues_open=effect.open,
            calling=effect.calling,
        )


class DeclarationBody(BaseModel):
    """What a declaration does, or would do."""

    dry_run: bool
    orders: int = Field(description="Underway, and concerned as things are now")
    customers: int = Field(description="Whose orders these are")
    disruption: DisruptionBody | None = Field(description="Missing from a dry run")

    @classmethod
    def of(cls, reach: Reach, disruption: Disruption | None) -> Self:
        """Whom it reaches, and what was declared, if it was."""
        return cls(
            dry_run=disruption is None,
            orders=reach.orders,
            customers=reach.customers,
            disruption=DisruptionBody.of(disruption) if disruption else None,
        )
