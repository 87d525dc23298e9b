"""Settings of the notifier; those of every service are in `chassis.settings`."""

from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from msgspec.structs import replace
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.links import Links
from chassis.policy_files import PolicyRefused
from chassis.settings import ServiceSettings
from contracts.storefront import Contact
from contracts.vocabulary import Channel
from notifier import policy_files, provider_files
from notifier.addressing import Addressing
from notifier.broadcasts import FASTEST, SLOWEST
from notifier.destinations import networks
from notifier.inbound_settings import InboundSettings
from notifier.look import DARK_PAPER, LIGHT_PAPER, Look, unreadable
from notifier.people import email_of
from notifier.policy import Policy, Reach
from notifier.provider_files import Providers, Smtp
from notifier.pseudonyms import Pseudonyms
from notifier.shop import Shop
from notifier.smtp_security import SmtpSecurity
from notifier.vaults import Vault


class NotifierSettings(ServiceSettings, InboundSettings):
    """What the notifier reads from its environment, under `NOTIFIER_` where nothing else is said."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_", frozen=True, extra="ignore", populate_by_name=True)

    master_keys: SecretStr = Field(
        description="Keys over the keys of persons, id:base64 of 32 bytes by comma; the first wraps, all unwrap"
    )
    address_key: SecretStr = Field(
        description="Key of the hashes that stand for suppressed addresses, base64 of 32 bytes; never changed"
    )
    shop_name: str = Field(default="The Shop", min_length=1, max_length=80, description="Who signs the messages")
    sender_address: str = Field(default="hello@shop.example", description="The address that messages come from")
    feedback_url: str = Field(
        default="http://127.0.0.1:8104", description="Where customers reach the feedback service's pages"
    )
    pages_url: str = Field(
        default="http://127.0.0.1:8102",
        description="Where customers reach the notifier's pages; https but on this machine",
    )
    policy_file: Path | None = Field(
        default=None, description="The shop's policy, YAML; without one the defaults hold. Read at start"
    )
    language: str = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$",
        description="The shop's own language, for customers of whom nobody knows theirs or has words in it",
    )  # fmt: skip
    words_dir: Path | None = Field(
        default=None, description="The shop's own catalogues (de.toml …), laid over ours sentence by sentence"
    )
    accent: str = Field(default="#1f4e8c", description="The shop's colour in mails, as #rrggbb")
    accent_dark: str | None = Field(
        default=None, description="The same where mails are read in dark; without one it is lightened until it is read"
    )
    mark: str | None = Field(
        default=None, min_length=1, max_length=60, description="What stands at the top of mails, instead of the name"
    )
    imprint: str | None = Field(
        default=None, min_length=1, max_length=300, description="Postal address and the like, at the end of mails"
    )
    providers_file: Path | None = Field(
        default=None, description="Providers by channel, YAML; without one the SMTP_* settings are all. Read at start"
    )
    smtp_host: str = Field(default="127.0.0.1", validation_alias="SMTP_HOST", description="The mail server")
    smtp_port: int = Field(
        default=25, ge=1, le=65_535, validation_alias="SMTP_PORT", description="The mail server's port"
    )
    smtp_security: SmtpSecurity = Field(
        default=SmtpSecurity.none, validation_alias="SMTP_SECURITY", description="none, starttls or tls"
    )
    smtp_username: str | None = Field(
        default=None, validation_alias="SMTP_USERNAME", description="Account at the mail server, if it asks for one"
    )
    smtp_password: SecretStr | None = Field(
        default=None, validation_alias="SMTP_PASSWORD", description="That account's password"
    )
    smtp_timeout_s: float = Field(
        default=20.0, gt=0, le=60, validation_alias="SMTP_TIMEOUT_S", description="Patience with each SMTP command"
    )
    smtp_connections: int = Field(
        default=4, ge=1, le=50, validation_alias="SMTP_CONNECTIONS", description="Connections side by side"
    )
    dkim_key_file: Path | None = Field(
        default=None,
        validation_alias="DKIM_KEY_FILE",
        description="RSA key in PEM that signs mails; without it none is",
    )
    dkim_selector: str = Field(
        default="rapport", pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$", validation_alias="DKIM_SELECTOR",
        description="Which of the domain's keys it is",
    )  # fmt: skip
    dkim_domain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$", validation_alias="DKIM_DOMAIN",
        description="The domain that vouches; that of the sender's address by default",
    )  # fmt: skip
    lease_s: float = Field(
        default=300.0, gt=0, description="A message that a sender had in hand for so long counts as lost"
    )
    stale_after_s: float = Field(
        default=300.0, gt=0, description="A message that waited so long for the mail server is decided again"
    )

    channel_patience_s: float = Field(
        default=60.0, ge=0, description="So long no provider of a channel is there before issues take another one"
    )

    broadcast_per_second: float = Field(
        default=50.0, ge=SLOWEST, le=FASTEST,
        description="So many messages of one broadcast leave in a second, if staff says nothing else",
    )  # fmt: skip

    webhook_networks: str = Field(
        default="", description="Networks that webhooks may go to though they are not public: 10.20.0.0/16, by comma"
    )
    webhook_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that webhooks trust besides the usual ones"
    )
    webhook_kept_days: float = Field(
        default=30.0, gt=0, le=400, description="So long what was posted, or given up, may be posted again"
    )

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("master_keys")
    @classmethod
    def _master_keys_are_keys(cls, keys: SecretStr) -> SecretStr:
        Vault.from_setting(keys.get_secret_value())
        return keys

    @field_validator("address_key")
    @classmethod
    def _address_key_is_one(cls, key: SecretStr) -> SecretStr:
        Pseudonyms.from_setting(key.get_secret_value())
        return key

    @field_validator("policy_file")
    @classmethod
    def _policy_is_right(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                policy_files.read(path)
            except PolicyRefused as refused:
                raise ValueError(f"the policy is refused\n{refused}") from refused
        return path

    @field_validator("providers_file")
    @classmethod
    def _providers_are_right(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                provider_files.read(path)
            except PolicyRefused as refused:
                raise ValueError(f"the providers are refused\n{refused}") from refused
        return path

    @field_validator("sender_address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        if email_of((Contact(channel=Channel.email, address=address),)) is None:
            raise ValueError("write a plain e-mail address, like hello@shop.example")
        return address

    @field_validator("pages_url")
    @classmethod
    def _is_safe_to_click(cls, url: str) -> str:
        """RFC 8058, section 3.1: mail programs unsubscribe over https only."""
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError("write an address with https")
        return url.rstrip("/")

    @field_validator("shop_name", "mark", "imprint")
    @classmethod
    def _is_one_line(cls, text: str | None) -> str | None:
        if text is not None and (not text.isprintable() or "=?" in text):
            raise ValueError("this is one line of printable characters")
        return text

    @field_validator("accent", "accent_dark")
    @classmethod
    def _can_be_read(cls, colour: str | None, info: ValidationInfo) -> str | None:
        paper = LIGHT_PAPER if info.field_name == "accent" else DARK_PAPER
        if colour is not None and (wrong := unreadable(colour.lower(), paper)):
            raise ValueError(wrong)
        return colour and colour.lower()

    def shop(self) -> Shop:
        """Who writes."""
        look = Look(accent=self.accent, accent_dark=self.accent_dark, mark=self.mark, imprint=self.imprint)
        return Shop(
            name=self.shop_name, address=self.sender_address, zone=self.policy().zone, language=self.language,
            words=self.words_dir, look=look,
        )  # fmt: skip

    @property
    def vault(self) -> Vault:
        """What encrypts and decrypts personal data."""
        return Vault.from_setting(self.master_keys.get_secret_value())

    @property
    def pseudonyms(self) -> Pseudonyms:
        """What turns addresses into hashes."""
        return Pseudonyms.from_setting(self.address_key.get_secret_value())

    @property
    def lease(self) -> timedelta:
        """How long a sender may keep a message in hand."""
        return timedelta(seconds=self.lease_s)

    @property
    def stale_after(self) -> timedelta:
        """How long what was decided holds."""
        return timedelta(seconds=self.stale_after_s)

    def addressing(self) -> Addressing:
        """Where bounces of our mails and answers to them go."""
        keys = Links.from_setting(self.link_keys.get_secret_value()).keys
        return Addressing(keys, domain=self.inbound_domain, sender=self.sender_address)

    def policy(self) -> Policy:
        """The policy that the file describes. Raises `PolicyRefused` for one that became wrong meanwhile."""
        providers = self.providers()
        own: dict[str, Any] = {
            "shop_zone": self.shop_zone,
            "reachable": tuple(reach for reach in get_args(Reach) if providers.of(reach)),
        }
        return Policy(**own) if self.policy_file is None else policy_files.read(self.policy_file, **own)

    def providers(self) -> Providers:
        """Those of the file; for mails the SMTP_* settings where it names none."""
        named = provider_files.read(self.providers_file) if self.providers_file else Providers()
        return named if named.email else replace(named, email={"smtp": self._smtp()})

    def _smtp(self) -> Smtp:
        return Smtp(
            host=self.smtp_host, port=self.smtp_port, security=self.smtp_security, username=self.smtp_username,
            password_from="SMTP_PASSWORD" if self.smtp_password else None, timeout_s=self.smtp_timeout_s,
            at_once=self.smtp_connections,
        )  # fmt: skip
