"""An Apache Kafka as it stands in production: TLS, SCRAM and client certificates, and nobody may anything by itself.

Two doors for clients, SASL_SSL and SSL with a certificate of theirs; behind both, ACLs decide by the user's name. A
third one in plain text, on this machine only, is the administrator's: topics and ACLs are made there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from chassis.grants import Grant
from deploy.local.apache import ApacheKafka
from deploy.local.ports import HOST, free_ports

MECHANISM = "SCRAM-SHA-512"
RESOURCES = {"topic": 2, "group": 3}
OPERATIONS = {"Read": 3, "Write": 4, "DescribeConfigs": 10}
LITERAL, ALLOW, ANY_HOST = 3, 3, "*"
"""Numbers of Kafka's protocol: ResourceType, AclOperation, PatternType, AclPermissionType."""


@dataclass(frozen=True)
class Identity:
    """Files of the broker, in PEM: its key with its certificate, and who is trusted to sign clients' certificates."""

    key_and_certificate: Path
    trusted: Path


class SecuredKafka(ApacheKafka):
    """One node; `passwords` are those of SCRAM users by name."""

    def __init__(self, folder: Path, identity: Identity, passwords: Mapping[str, str]) -> None:
        super().__init__(folder)
        self._identity = identity
        self._passwords = passwords
        self._sasl_port, self._tls_port = free_ports(2)

    @property
    def sasl_bootstrap(self) -> str:
        """Where users come in with name and password."""
        return f"{HOST}:{self._sasl_port}"

    @property
    def tls_bootstrap(self) -> str:
        """Where users come in with a certificate; its common name is theirs."""
        return f"{HOST}:{self._tls_port}"

    def _users(self) -> list[str]:
        entries = (f"{MECHANISM}=[name={name},password={word}]" for name, word in self._passwords.items())
        return [argument for entry in entries for argument in ("--add-scram", entry)]

    def _settings(self) -> dict[str, str]:
        settings = super()._settings()
        doors = f",SASL_SSL://{self.sasl_bootstrap},SSL://{self.tls_bootstrap}"
        return settings | {
            "listeners": settings["listeners"] + doors,
            "advertised.listeners": settings["advertised.listeners"] + doors,
            "listener.security.protocol.map": settings["listener.security.protocol.map"] + ",SASL_SSL:SASL_SSL,SSL:SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._identity.key_and_certificate),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._identity.trusted),
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
            "sasl.enabled.mechanisms": MECHANISM,
            f"listener.name.sasl_ssl.{MECHANISM.lower()}.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",  # who comes in through the administrator's door
        }


async def allow(bootstrap: str, user: str, grants: Iterable[Grant]) -> None:
    """Let a user do so much."""
    for grant in grants:
        acl = (RESOURCES[grant.resource], grant.name, LITERAL, f"User:{user}", ANY_HOST)
        request = CreateAclsRequest(*acl, OPERATIONS[grant.operation], ALLOW)
        for code, message in (await _send(bootstrap, request)).creation_responses:
            if code:
                raise for_code(code)(message)


async def withdraw(bootstrap: str, user: str, grant: Grant) -> None:
    """Let a user no longer do that."""
    acl = (RESOURCES[grant.resource], grant.name, LITERAL, f"User:{user}", ANY_HOST)
    answer = await _send(bootstrap, DeleteAclsRequest(*acl, OPERATIONS[grant.operation], ALLOW))
    for code, message, withdrawn in answer.filter_responses:
        if code or len(withdrawn) != 1:
            raise for_code(code)(message or f"{grant} was not granted")


async def _send(bootstrap: str, request: CreateAclsRequest | DeleteAclsRequest) -> Any:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return await admin._send_request(request)
    finally:
        await admin.close()
