"""What Kafka must allow a service, and no more: by resource, computed from what the service reads and says.

`python -m <service> grants` prints it. Also the words for a right that is missing. Grants nothing itself.
"""

from collections.abc import Iterator
from typing import NamedTuple

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.topics import with_contacts

READ, WRITE, DESCRIBE_CONFIGS = "Read", "Write", "DescribeConfigs"
"""As Kafka's tools and Strimzi spell them. Read and Write imply Describe; since Kafka 3.0 (KIP-679) Write is enough for
an idempotent producer."""


class Grant(NamedTuple):
    """An operation on a resource with exactly this name."""

    resource: str
    """topic or group"""
    name: str
    operation: str

    def __str__(self) -> str:
        return f"{self.resource:5}  {self.name:22}  {self.operation}"


def group_of(service: Service, settings: ServiceSettings | None = None) -> str:
    """The consumer group of a service; without settings the usual one."""
    return (settings and settings.consumer_group) or f"rapport-{service.name}"


def grants_of(service: Service, settings: ServiceSettings | None = None) -> list[Grant]:
    """All that a service needs, sorted; with any of them missing something does not work."""
    return sorted({Grant("group", group_of(service, settings), READ), *_topics(service)})


def _topics(service: Service) -> Iterator[Grant]:
    read = {inlet.topic for inlet in service.consumes} | ({service.topic} if service.looks_back else set())
    for topic in read:
        yield Grant("topic", topic, READ)
        if topic in with_contacts():  # how long it keeps them is looked at
            yield Grant("topic", topic, DESCRIBE_CONFIGS)
    for topic in (service.topic, *service.also_says):
        yield Grant("topic", topic, WRITE)


def commands(grants: list[Grant], principal: str) -> Iterator[str]:
    """The same for Kafka's own tool, one line each."""
    for grant in grants:
        place = f"--{grant.resource} {grant.name}"
        yield f"kafka-acls.sh --add --allow-principal {principal} --operation {grant.operation} {place}"


def missing(error: BaseException) -> str | None:
    """The right that Kafka did not find, if that is what an error says."""
    named = ", ".join(str(name) for name in _named(error))
    match error:
        case TopicAuthorizationFailedError():
            return f"Kafka does not allow us to read or to write the topic {named}".rstrip()
        case GroupAuthorizationFailedError():
            return f"Kafka does not allow us to read as the group {named}".rstrip()
        case ClusterAuthorizationFailedError():
            return "Kafka does not allow us to write any topic"
    return None


def _named(error: BaseException) -> Iterator[object]:
    """aiokafka's errors bring a name, or a set of names."""
    for argument in error.args if isinstance(error, KafkaError) else ():
        yield from sorted(argument) if isinstance(argument, set | frozenset | list | tuple) else [argument]
