"""What the notifier answers over HTTP. No address is ever shown whole."""

from datetime import datetime, time
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.errors import Rejected
from contracts.vocabulary import Channel, IssueKind, Purpose
from notifier.kinds import Concern
from notifier.messages import State
from notifier.overdue import Awaited
from notifier.people import Hours, PartOfDay, Person
from notifier.policy import Policy
from notifier.preferences import Choose, Way, offered

CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_CHOSEN: dict[str, Any] = {
    "channels": {"email": {"service": True, "loyalty": True, "survey": False, "marketing": False}},
    "channel": None,
    "language": "de",
    "quiet_hours": {"begins": "21:30", "ends": "09:00"},
    "paused_until": "2026-03-31T22:00:00Z",
    "hour": "evening",
}
PREFERENCES = {"customer_id": "ada", **_CHOSEN}
PREFERENCES_PUT = {**_CHOSEN, "evidence": "telephone call about order o-17"}


class WaitingBody(BaseModel):
    """Why a message is not decided although it should be."""

    since: datetime
    awaited: Awaited = Field(
        description="`customer`: an event of theirs is parked; `partition`: it is not heard until now (it lags, or "
        "Kafka is away)"
    )
    detail: str = Field(description="The event or deadline that failed, or the number of the partition")


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
    broadcast_id: str | None = Field(default=None, description="The broadcast that it is part of")
    intended_at: datetime
    expires_at: datetime
    told_by: datetime | None = Field(default=None, description="When the customer should know of the issue")
    held_until: datetime | None = None
    ready_at: datetime | None = Field(default=None, description="When it was decided to send it")
    sent_at: datetime | None = Field(default=None, description="When the provider took it")
    attempts: int
    provider: str | None = Field(default=None, description="Who was given it last")
    inside: str | None = Field(default=None, description="The message that it went out inside of")
    waiting: WaitingBody | None = Field(default=None, description="With `waiting_for_facts`: since when, and for what")
    locale: str | None = Field(default=None, description="The language that it is said in", examples=["pt-BR"])
    words: str | None = Field(default=None, description="The version of all words when it was decided to send it")


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
    addresses: dict[Channel, str] = Field(
        default={}, description="On every channel, masked", examples=[{"email": "a***@example.org", "sms": "+49***78"}]
    )
    given_name: str | None = Field(default=None, examples=["A***"])
    locale: str | None = None
    zone: str | None = None
    consents: list[ConsentBody]


class WantedBody(BaseModel):
    """Per purpose, whether the customer may be written to about it."""

    service: bool = Field(description="Orders, and what is wrong with them")
    loyalty: bool
    survey: bool
    marketing: bool

    def differing(self, channel: Channel, person: Person) -> dict[Purpose, bool]:
        """Of this, what does not hold already."""
        said = {purpose: bool(getattr(self, purpose)) for purpose in Purpose}
        return {purpose: given for purpose, given in said.items() if given is not person.allows(channel, purpose)}


class HoursBody(BaseModel):
    """Quiet hours on the customer's clock, usually over midnight; the same twice: none."""

    begins: Annotated[str, Field(pattern=CLOCK, examples=["21:30"])]
    ends: Annotated[str, Field(pattern=CLOCK, examples=["09:00"])]

    @classmethod
    def of(cls, hours: Hours) -> "HoursBody":
        """As they are written."""
        return cls(begins=f"{hours.begins:%H:%M}", ends=f"{hours.ends:%H:%M}")

    @property
    def hours(self) -> Hours:
        """As the rules read them."""
        return Hours(time.fromisoformat(self.begins), time.fromisoformat(self.ends))


class PreferencesIn(BaseModel):
    """All preferences of a customer as they are from now on; null where the usual way holds."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PREFERENCES_PUT]})

    channels: dict[Channel, WantedBody] = Field(
        min_length=1, description="Those on which they can be reached; one that is not named stays as it is"
    )
    channel: Channel | None = Field(
        description="On which they would rather be reached; null: what the shop usually does"
    )
    language: Literal["en", "de", "es", "fr", "pt"] | None = Field(description="null: what the storefront says")
    quiet_hours: HoursBody | None = Field(description="null: what the shop usually does")
    paused_until: AwareDatetime | None = Field(description="Points, surveys and marketing wait; at most a year")
    hour: PartOfDay | None = Field(description="When they would rather hear from us; null: whenever")
    evidence: str = Field(
        min_length=1, max_length=200, description="How the customer said it, kept with what changes; names nobody"
    )

    def choice(self, person: Person) -> Choose:
        """As the rules read it: of what is wanted, what differs from what holds. Raises `Rejected` (no_address)."""
        named = {*self.channels, *([self.channel] if self.channel else [])}
        if strange := named - {*offered(person), person.preferences.channel}:
            raise Rejected("no_address", f"There is no address of theirs for {', '.join(sorted(strange))}.")
        return Choose(
            wanted={channel: wanted.differing(channel, person) for channel, wanted in self.channels.items()},
            channel=self.channel,
            language=self.language,
            quiet_hours=self.quiet_hours.hours if self.quiet_hours else None,
            paused_until=self.paused_until,
            hour=self.hour,
            way=Way.care,
            evidence=f"care team: {self.evidence}",
        )


class PreferencesBody(BaseModel):
    """What a customer wants to hear, when, and in which language."""

    customer_id: str
    channels: dict[Channel, WantedBody]
    channel: Channel | None
    language: str | None
    quiet_hours: HoursBody | None
    paused_until: datetime | None
    hour: PartOfDay | None

    @classmethod
    def of(cls, customer_id: str, person: Person) -> "PreferencesBody":
        """What holds for this person."""
        hours = person.preferences.quiet_hours
        wanted = {
            channel: WantedBody(**{purpose: person.allows(channel, purpose) for purpose in Purpose})
            for channel in offered(person)
        }
        return cls(
            customer_id=customer_id,
            channels=wanted,
            channel=person.preferences.channel,
            language=person.preferences.language,
            quiet_hours=HoursBody.of(hours) if hours else None,
            paused_until=person.preferences.paused_until,
            hour=person.preferences.hour,
        )


class TroubledBody(BaseModel):
    """Orders with an issue of which their customer was to be told."""

    orders: int
    told: int = Field(description="The mail server took a message about one of its issues")
    asked: int = Field(description="The customer wrote or called about the order on their own")
    before_contact: int = Field(description="Told before their first contact about the order, or without any")
    before_promise: int = Field(description="Told before the promise passed; without a promise it never does")
    before_both: int


class KindToldBody(BaseModel):
    """One kind of issue: from what the storefront said, or from the moment when silence became one, to acceptance."""

    kind: IssueKind
    issues: int
    told: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class ToldBody(BaseModel):
    """How often customers heard from us before they had to ask."""

    issues: int = Field(description="Issues whose opening was to be told")
    told: int
    told_in_time: int = Field(description="Decided to send at `told_by` or before; issues without one count")
    not_told: int = Field(description="Suppressed, failed, or unknown")
    waiting: int
    orders: TroubledBody
    kinds: list[KindToldBody]


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
        values["words"] = values.pop("tongues")["version"]
        hold = {
            country or "*": {one: msgspec.to_builtins(policy.quiet(country, one)) for one in Concern}
            for country in policy.named_countries
        }
        return cls(version=values.pop("version"), values=values, quiet_hours=hold)
