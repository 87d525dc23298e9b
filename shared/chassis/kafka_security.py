"""How Kafka is reached and how it knows us: settings, and the same as aiokafka's arguments. Opens no connection.

Whatever talks to Kafka takes `KafkaSettings.connection`; nobody else knows what TLS and SASL are.
"""

import ssl
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.environment import EnvironmentSettings


class SecurityProtocol(StrEnum):
    """Kafka's own names: with TLS or without, with SASL or without."""

    plaintext = "PLAINTEXT"
    ssl = "SSL"
    sasl_plaintext = "SASL_PLAINTEXT"
    sasl_ssl = "SASL_SSL"

    @property
    def has_tls(self) -> bool:
        """Whether certificates play a part."""
        return self in (SecurityProtocol.ssl, SecurityProtocol.sasl_ssl)

    @property
    def has_sasl(self) -> bool:
        """Whether a name and a password do."""
        return self in (SecurityProtocol.sasl_plaintext, SecurityProtocol.sasl_ssl)


class SaslMechanism(StrEnum):
    """How a name and a password are proved."""

    plain = "PLAIN"
    scram_sha_256 = "SCRAM-SHA-256"
    scram_sha_512 = "SCRAM-SHA-512"


class KafkaSettings(EnvironmentSettings):
    """Where Kafka is, and how it knows who we are.

    What does not go together is found field by field, in the order of the fields, so that all of it is told at once.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS", description="Brokers, host:port, by comma"
    )
    kafka_security_protocol: SecurityProtocol = Field(
        default=SecurityProtocol.plaintext, validation_alias="KAFKA_SECURITY_PROTOCOL",
        description="PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
    )  # fmt: skip
    kafka_sasl_mechanism: SaslMechanism | None = Field(
        default=None, validation_alias="KAFKA_SASL_MECHANISM", validate_default=True,
        description="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; with SASL only",
    )  # fmt: skip
    kafka_username: str | None = Field(
        default=None, validation_alias="KAFKA_USERNAME", validate_default=True, description="Who we are; with SASL only"
    )
    kafka_password: SecretStr | None = Field(
        default=None, validation_alias="KAFKA_PASSWORD", validate_default=True,
        description="That user's password; with SASL only",
    )  # fmt: skip
    kafka_ca_file: Path | None = Field(
        default=None, validation_alias="KAFKA_CA_FILE",
        description="Certificates (PEM) that the brokers' are checked against; without it the machine's own",
    )  # fmt: skip
    kafka_client_certificate_file: Path | None = Field(
        default=None, validation_alias="KAFKA_CLIENT_CERTIFICATE_FILE", validate_default=True,
        description="Our certificate (PEM, with what it was signed by), where brokers ask for one; with TLS only",
    )  # fmt: skip
    kafka_client_key_file: Path | None = Field(
        default=None, validation_alias="KAFKA_CLIENT_KEY_FILE", validate_default=True,
        description="Its key (PEM, without a passphrase)",
    )  # fmt: skip

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_addresses(cls, servers: str) -> str:
        for server in servers.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
                raise ValueError("write host:port, several by comma")
        return servers

    @field_validator("kafka_sasl_mechanism", "kafka_username", "kafka_password", mode="before")
    @classmethod
    def _belongs_to_sasl(cls, content: Any, info: ValidationInfo) -> Any:
        protocol: SecurityProtocol | None = info.data.get("kafka_security_protocol")
        given = content.get_secret_value() if isinstance(content, SecretStr) else content
        if protocol and protocol.has_sasl and not given:
            raise ValueError(f"missing: KAFKA_SECURITY_PROTOCOL is {protocol}")
        if protocol and not protocol.has_sasl and given:
            raise ValueError(f"only with SASL_SSL or SASL_PLAINTEXT: KAFKA_SECURITY_PROTOCOL is {protocol}")
        return content or None

    @field_validator("kafka_ca_file", "kafka_client_certificate_file", "kafka_client_key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, content: Any) -> Any:
        return content or None

    @field_validator("kafka_ca_file", "kafka_client_certificate_file", "kafka_client_key_file")
    @classmethod
    def _belongs_to_tls(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        protocol: SecurityProtocol | None = info.data.get("kafka_security_protocol")
        if path and protocol and not protocol.has_tls:
            raise ValueError(f"only with SSL or SASL_SSL: KAFKA_SECURITY_PROTOCOL is {protocol}")
        if path:
            _read(path)
        return path

    @field_validator("kafka_ca_file")
    @classmethod
    def _has_certificates(cls, path: Path | None) -> Path | None:
        if path:
            _trusting(path)
        return path

    @field_validator("kafka_client_certificate_file")
    @classmethod
    def _is_a_certificate(cls, path: Path | None) -> Path | None:
        if path and not _holds_certificates(path):
            raise ValueError("the file has no certificate in PEM")
        return path

    @field_validator("kafka_client_key_file")
    @classmethod
    def _goes_with_the_certificate(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if "kafka_client_certificate_file" not in info.data:
            return key
        certificate: Path | None = info.data["kafka_client_certificate_file"]
        if (key is None) != (certificate is None):
            raise ValueError("KAFKA_CLIENT_CERTIFICATE_FILE and KAFKA_CLIENT_KEY_FILE go together; one is missing")
        if key and certificate:
            _introduce(_context(), certificate, key)
        return key

    @cached_property
    def connection(self) -> dict[str, Any]:
        """What aiokafka's clients are told of the way to Kafka, `bootstrap_servers` left out.

        Certificates are read once: after they were replaced, the process is.
        """
        protocol = self.kafka_security_protocol
        if protocol is SecurityProtocol.plaintext:
            return {}
        arguments: dict[str, Any] = {"security_protocol": protocol.value}
        if protocol.has_tls:
            arguments["ssl_context"] = self._tls()
        if protocol.has_sasl and self.kafka_sasl_mechanism and self.kafka_password:
            arguments["sasl_mechanism"] = self.kafka_sasl_mechanism.value
            arguments["sasl_plain_username"] = self.kafka_username
            arguments["sasl_plain_password"] = self.kafka_password.get_secret_value()
        return arguments

    def _tls(self) -> ssl.SSLContext:
        context = _trusting(self.kafka_ca_file) if self.kafka_ca_file else _context()
        if self.kafka_client_certificate_file and self.kafka_client_key_file:
            _introduce(context, self.kafka_client_certificate_file, self.kafka_client_key_file)
        return context


def _context() -> ssl.SSLContext:
    """TLS 1.2 and newer; the broker's name is checked."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _trusting(path: Path) -> ssl.SSLContext:
    """Trusts nobody else. Raises `ValueError`."""
    try:
        context = ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError("the file has no certificates in PEM") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _introduce(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Raises `ValueError` when the two do not go together."""
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        raise ValueError("the key has a passphrase; write it without one into a file that only we can read") from None
    except ssl.SSLError:
        raise ValueError("this is not the key of the certificate, or no key in PEM") from None


class _Encrypted(Exception):
    """A passphrase was asked for."""


def _no_passphrase() -> str:
    """Without this OpenSSL would ask the terminal."""
    raise _Encrypted


def _holds_certificates(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return False
    return True


def _read(path: Path) -> None:
    """Raises `ValueError` for a file that is not there or not ours to read."""
    try:
        path.read_bytes()
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None
