"""Suppressed addresses over HTTP: an address goes in with a body, never with a URL, and never comes out again."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from contracts.storefront import Contact
from contracts.vocabulary import Channel
from notifier.people import email_of
from notifier.suppressions import Reach, Suppression

HASH = "3f9a" * 16
SUPPRESSION: dict[str, Any] = {
    "address_hash": HASH,
    "reach": "everything",
    "reason": "mailbox_unknown",
    "since": "2026-03-06T08:00:00Z",
    "until": None,
    "evidence": "5.1.1 for message 7c9e6679-7425-50de-944b-e07fc1f90ae7 (mail)",
}


def _usable(address: str) -> str:
    if email_of((Contact(channel=Channel.email, address=address),)) is None:
        raise ValueError("write a plain e-mail address")
    return address


Address = Annotated[str, Field(max_length=254, examples=["ada@example.org"]), AfterValidator(_usable)]
Evidence = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^@\x00]*$", description="How we know; names nobody")
]


class SuppressionBody(BaseModel):
    """An address that is not written to. Whose it is, nobody can read off."""

    address_hash: str = Field(description="The address's keyed hash, hex")
    reach: Reach = Field(description="everything, or what is not about an order (unasked)")
    reason: str = Field(examples=["mailbox_unknown"])
    since: datetime
    until: datetime | None = Field(description="null: until somebody lifts it")
    evidence: str

    @classmethod
    def of(cls, one: Suppression) -> Self:
        """As it is known."""
        return cls(
            address_hash=one.address_hash.hex(), reach=one.reach, reason=one.reason, since=one.since, until=one.until,
            evidence=one.evidence,
        )  # fmt: skip


class AddressIn(BaseModel):
    """An address that is asked about."""

    model_config = ConfigDict(extra="forbid")

    address: Address


class SuppressionIn(AddressIn):
    """An address that is not to be written to from now on."""

    reach: Reach = Reach.everything
    until: AwareDatetime | None = Field(default=None, description="null: until somebody lifts it")
    evidence: Evidence


class LiftIn(BaseModel):
    """An address that may be written to again, by itself or by its hash."""

    model_config = ConfigDict(extra="forbid")

    address: Address | None = None
    address_hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$", examples=[HASH])
    because: Evidence

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.address is None) is (self.address_hash is None):
            raise ValueError("name an address or its hash")
        return self
