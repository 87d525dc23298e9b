"""What other services ask to have said, as HTTP bodies."""

from hashlib import sha256
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from notifier.wishes import Wish, WishKind, Words, subject_of

WISH: dict[str, Any] = {
    "customer_id": "ada",
    "kind": "note",
    "order_id": "o-17",
    "content": {
        "title": "The shop where you pick up moves",
        "happened": "Our shop in Bonn closes on Friday and opens again next door on Monday.",
        "doing": "Your parcel moves with us; its code stays the same.",
        "you": "Pick it up until Friday, or from Monday on next door.",
    },
    "expires_at": "2026-11-30T18:00:00Z",
}
MESSAGE_ID = "1f0f6a0e-58f3-5c55-8a33-1f0f3f0f2a77"
GRANTED = {"message_id": MESSAGE_ID, "url": f"/v1/messages/{MESSAGE_ID}"}


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("one line of printable characters, and not a blank one")
    return text.strip()


Line = Annotated[str, AfterValidator(_printable)]
CustomerOrOrder = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7E]+$")]


class ContentIn(BaseModel):
    """What is said, as plain text. Addresses lead to the shop's own domain by https, or are refused."""

    model_config = ConfigDict(extra="forbid")

    title: Line = Field(max_length=120, description="The subject of a mail, the title of anything else")
    happened: Line = Field(max_length=500, description="What happened")
    doing: Line | None = Field(default=None, max_length=500, description="What we do")
    you: Line | None = Field(default=None, max_length=500, description="What the customer can do")


class WishIn(BaseModel):
    """One message that another service would have us say."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [WISH]})

    customer_id: CustomerOrOrder
    kind: WishKind = Field(
        description="note: a service message. offer: marketing; needs consent, and waits while an issue is open"
    )
    order_id: CustomerOrOrder | None = None
    content: ContentIn
    expires_at: AwareDatetime | None = Field(
        default=None, description="Until when it is worth saying, at most 90 days; 7 days by default"
    )

    def wish(self, idempotency_key: str) -> Wish:
        """As the rules read it."""
        return Wish(
            kind=self.kind, subject=subject_of(idempotency_key), words=Words(**self.content.model_dump()),
            order_id=self.order_id, expires_at=self.expires_at,
        )  # fmt: skip

    @property
    def fingerprint(self) -> str:
        """The same for the same request, however its JSON was written."""
        return sha256(self.model_dump_json().encode()).hexdigest()


class GrantedBody(BaseModel):
    """It will be decided at once whether and when it is said."""

    message_id: str
    url: str = Field(description="Where to see what became of it")
