"""Settings every service has. A service adds its own under its prefix (`LOYALTY_…`).

Read from the environment, checked at start, never changed afterwards.
"""

import re
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from chassis import database
from chassis.kafka_security import KafkaSettings
from chassis.links import Links


class ClockKind(StrEnum):
    """Where a service's time comes from."""

    real = "real"
    simulated = "simulated"


class ServiceSettings(KafkaSettings):
    """What every service reads from its environment; subclasses set `env_prefix` for their own fields."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    database_url: Annotated[
        SecretStr, Field(description="This service's PostgreSQL: postgresql+asyncpg://user:password@host/name")
    ]
    kafka_idempotent_producer: bool = Field(
        default=True, validation_alias="KAFKA_IDEMPOTENT_PRODUCER",
        description="Off only for the embedded broker, which does not know idempotent producers",
    )  # fmt: skip
    kafka_session_timeout_ms: int = Field(
        default=20_000, ge=1_000, validation_alias="KAFKA_SESSION_TIMEOUT_MS",
        description="After this silence of a worker its partitions go to another",
    )  # fmt: skip
    consumer_group: str | None = Field(default=None, description="Kafka consumer group; rapport-<service> by default")
    partitions: int = Field(
        default=6, ge=1, le=1_000, validation_alias="PARTITIONS",
        description="Partitions of every topic; fixed for life, checked at start",
    )  # fmt: skip
    clock: ClockKind = Field(
        default=ClockKind.real, validation_alias="CLOCK",
        description="real, or simulated: time is what publishers say by time-reached",
    )  # fmt: skip
    batch_items: int = Field(default=1_000, ge=1, description="Most records, and most deadlines, of one transaction")
    partitions_in_flight: int = Field(default=3, ge=1, description="Transactions of different partitions side by side")
    http_host: str = Field(default="127.0.0.1", validation_alias="HTTP_HOST", description="Address to listen on")
    http_port: int = Field(default=8080, ge=1, le=65_535, validation_alias="HTTP_PORT", description="Port to listen on")
    link_keys: SecretStr = Field(
        validation_alias="LINK_KEYS", description="Keys of signed links, id:secret by comma, the signing key first"
    )
    auth_issuer: str | None = Field(
        default=None, validation_alias="AUTH_ISSUER", description="Who signs bearer tokens: the `iss` they must have"
    )
    auth_audience: str | None = Field(
        default=None, validation_alias="AUTH_AUDIENCE", description="For whom they are: the `aud` they must have"
    )
    auth_jwks_url: str | None = Field(
        default=None, validation_alias="AUTH_JWKS_URL", description="Where the issuer's public keys are; https"
    )
    http_client_per_s: float = Field(
        default=100, gt=0, validation_alias="HTTP_CLIENT_PER_S",
        description="Requests a second of one key or token to one process; five seconds' worth at once",
    )  # fmt: skip
    http_address_per_s: float = Field(
        default=20, gt=0, validation_alias="HTTP_ADDRESS_PER_S",
        description="The same of one address to customers' pages, and of whoever shows no good key",
    )  # fmt: skip
    forwarded_allow_ips: str = Field(
        default="", validation_alias="FORWARDED_ALLOW_IPS",
        description="Proxies whose X-Forwarded-For is believed, addresses and networks by comma; nobody's by default",
    )  # fmt: skip
    shop_zone: str = Field(default="Europe/Berlin", validation_alias="SHOP_ZONE", description="The shop's IANA zone")
    inbox_kept_days: int = Field(
        default=100, ge=31, validation_alias="INBOX_KEPT_DAYS",
        description="So long after the end of its month an event is recognised when it is said again",
    )  # fmt: skip
    decisions_kept_days: int = Field(
        default=400, ge=31, validation_alias="DECISIONS_KEPT_DAYS",
        description="So long after the end of their month decisions and commands are kept",
    )  # fmt: skip
    audits_kept_days: int = Field(
        default=400, ge=31, validation_alias="AUDITS_KEPT_DAYS",
        description="So long after the end of its month it is kept who gave which command",
    )  # fmt: skip
    parked_kept_days: int = Field(
        default=100, ge=1, validation_alias="PARKED_KEPT_DAYS",
        description="So long a parked record is kept after it was redriven or discarded",
    )  # fmt: skip
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias="LOG_LEVEL", description="DEBUG, INFO, WARNING, ERROR"
    )
    traces_endpoint: AnyHttpUrl | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Collector of traces, OTLP over HTTP: http://host:4318; none by default, and then no span is made",
    )  # fmt: skip
    traces_headers: SecretStr = Field(
        default=SecretStr(""), validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="Headers for the collector, name=value by comma: what it wants to know who we are",
    )  # fmt: skip
    traces_ratio: float = Field(
        default=1.0, ge=0, le=1, validation_alias="OTEL_TRACES_SAMPLER_ARG",
        description="Share of the traces that are looked at, the same for all services",
    )  # fmt: skip

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: SecretStr) -> SecretStr:
        if wrong := database.wrong_with(url.get_secret_value()):
            raise ValueError(wrong)
        return url

    @field_validator("link_keys")
    @classmethod
    def _keys_are_long_enough(cls, keys: SecretStr) -> SecretStr:
        Links.from_setting(keys.get_secret_value())
        return keys

    @model_validator(mode="after")
    def _tokens_are_wholly_described(self) -> Self:
        named = (self.auth_issuer, self.auth_audience, self.auth_jwks_url)
        if any(named) and not all(named):
            raise ValueError("AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS_URL: set all three, or none")
        return self

    @field_validator("auth_jwks_url")
    @classmethod
    def _keys_come_over_tls(cls, url: str | None) -> str | None:
        if url and not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", url):
            raise ValueError("the issuer's keys are fetched over https")
        return url or None

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _not_everybody_says_for_whom_they_ask(cls, proxies: str) -> str:
        for proxy in filter(None, map(str.strip, proxies.split(","))):
            if ip_network(proxy).prefixlen == 0:
                raise ValueError("name the proxies: whoever is believed here may claim any address")
        return proxies

    @field_validator("shop_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("no IANA time zone has this name")
        return zone
