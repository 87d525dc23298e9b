"""What the notifier answers over HTTP about its words."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

TEMPLATES: dict[str, Any] = {
    "version": "3b0a7517f1e7",
    "language": "en",
    "locales": ["de", "en"],
    "kinds": [{"kind": "order_shipped", "locales": ["de", "en"], "names": ["carrier", "given_name", "promised_by"]}],
}
TEMPLATE: dict[str, Any] = {
    "kind": "order_shipped",
    "locale": "de-AT",
    "said_in": "de",
    "version": "3b0a7517f1e7",
    "subject": "Ihre Bestellung ist unterwegs",
    "text": "Guten Tag Ada,\n\nIhre Bestellung hat unser Haus verlassen; DHL bringt sie Ihnen.\n",
    "html": "<!doctype html>…",
    "shorts": {"sms": "Corner & Co: Ihre Bestellung hat unser Haus verlassen.", "push": "…", "chat": "…"},
}
TEST_SENT = {"result": "accepted", "code": "250 2.0.0"}


class KindBody(BaseModel):
    """One entry of the catalogues."""

    kind: str = Field(examples=["issue_opened.lost"])
    locales: list[str] = Field(description="Those that have all of it; a shop's own file may add others")
    names: list[str] = Field(description="What its sentences may name")


class TemplatesBody(BaseModel):
    """All that can be said."""

    version: str = Field(description="Of all words and the layout, as it stands in decisions")
    language: str = Field(description="The shop's own")
    locales: list[str]
    kinds: list[KindBody]


class TemplateBody(BaseModel):
    """One message with sample data."""

    kind: str
    locale: str
    said_in: str = Field(description="The language that it would be said in to somebody of that locale")
    version: str
    subject: str
    text: str = Field(description="The mail's text")
    html: str
    shorts: dict[str, str] = Field(description="By channel, what is said where there is little room")


class TestSend(BaseModel):
    """To whom a mail with sample data goes."""

    __test__ = False
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"to": "you@shop.example"}]})

    to: str = Field(min_length=3, max_length=254, description="A plain e-mail address; it is kept nowhere")


class TestSent(BaseModel):
    """What the mail server said."""

    __test__ = False

    result: str = Field(description="accepted, deferred, refused or unknown")
    code: str | None = Field(description="The mail server's codes")
