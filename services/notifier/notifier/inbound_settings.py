"""Settings of what comes back: the addresses, the listener, and the secrets of those who post to us."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, model_validator

MEBIBYTE = 1_048_576
_SECRETS = re.compile(r"[^,\s]{16,}(,[^,\s]{16,})*")


class InboundProtocol(StrEnum):
    """What the shop's mail server speaks to us."""

    smtp = "smtp"
    lmtp = "lmtp"


class InboundSettings(BaseModel):
    """Of the notifier; under its prefix."""

    inbound_domain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$",
        description="Domain of the addresses for bounces and answers; without one both go to the sender's address",
    )  # fmt: skip
    inbound_host: str = Field(default="127.0.0.1", description="Address to take mail on; never a public one")
    inbound_port: int | None = Field(
        default=None, ge=1, le=65_535, description="Port to take mail on; without one no mail is taken"
    )
    inbound_protocol: InboundProtocol = Field(
        default=InboundProtocol.smtp, description="What the shop's mail server speaks to us: smtp or lmtp"
    )
    inbound_mail_bytes: int = Field(
        default=25 * MEBIBYTE, ge=MEBIBYTE, le=100 * MEBIBYTE, description="The largest mail that is taken"
    )
    inbound_timeout_s: float = Field(
        default=60.0, gt=0, le=600, description="A conversation in which nothing is said for so long ends"
    )
    hooks_mail_secrets: SecretStr | None = Field(
        default=None, description="Who posts mails to /hooks/mail proves it by one of these, by comma"
    )
    hooks_mailgun_secrets: SecretStr | None = Field(
        default=None, description="Mailgun's HTTP webhook signing key; several by comma"
    )
    hooks_sendgrid_keys: SecretStr | None = Field(
        default=None, description="SendGrid's verification key of the signed event webhook (base64); several by comma"
    )
    hooks_postmark_secrets: SecretStr | None = Field(
        default=None, description="user:password of Postmark's webhook URL, or its bearer token; several by comma"
    )
    hooks_ses_certificate_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) with which Amazon SNS signs; several in one file while they change",
    )
    hooks_ses_topics: str | None = Field(
        default=None, description="ARNs of the SNS topics that SES reports to, by comma; others are refused"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.inbound_port is not None and self.inbound_domain is None:
            raise ValueError("inbound_port: mail is taken for inbound_domain; name it too")
        if (self.hooks_ses_certificate_file is None) is not (self.hooks_ses_topics is None):
            raise ValueError("hooks_ses_certificate_file and hooks_ses_topics: name both or none")
        for name in ("hooks_mail_secrets", "hooks_mailgun_secrets", "hooks_sendgrid_keys", "hooks_postmark_secrets"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None and not _SECRETS.fullmatch(secret.get_secret_value()):
                raise ValueError(f"{name}: write secrets of at least 16 signs, by comma, without spaces")
        return self

    def hook_secrets(self) -> dict[str, tuple[str, ...]]:
        """By who posts to us: mail, or a provider's name. Who is not connected is missing."""
        written = {
            "mail": self.hooks_mail_secrets,
            "mailgun": self.hooks_mailgun_secrets,
            "sendgrid": self.hooks_sendgrid_keys,
            "postmark": self.hooks_postmark_secrets,
        }
        known = {name: tuple(one.get_secret_value().split(",")) for name, one in written.items() if one is not None}
        if self.hooks_ses_certificate_file is not None:
            known["ses"] = (self.hooks_ses_certificate_file.read_text(),)
        return known
