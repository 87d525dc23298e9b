"""Topics: all have the same number of partitions, fixed for life, because one customer is one partition everywhere.

`python -m chassis.topics --bootstrap HOST:PORT --partitions N` creates those that are missing (for the embedded stack
and first installations; in production they are declared with the cluster). How Kafka is reached is read from the
environment, as services do (`chassis.kafka_security`).
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code
from pydantic import ValidationError

from chassis.environment import settings_problem
from chassis.kafka_security import KafkaSettings
from contracts.catalogue import catalogue
from contracts.envelope import entry_of
from contracts.storefront import CARRY_CONTACTS

HEARD_OF_S = 10.0
"""By then every broker knows of a topic that one has created."""
DAY_MS = 86_400_000
LONGEST_WITH_CONTACTS_MS = 25 * DAY_MS
"""So long may names and addresses lie in Kafka, which cannot forget one person: inside a month of being asked to."""
FORGETTING = {
    "cleanup.policy": "delete",
    "retention.ms": str(24 * DAY_MS),
    "segment.ms": str(DAY_MS),
    "message.timestamp.type": "LogAppendTime",
}
"""How a topic with contacts is created. Kafka deletes whole segments, by the age of their newest record: a record is
gone when its segment was closed, after a day at most, and the retention is over. By the broker's clock, since one
record of a publisher whose clock runs ahead would keep everything beside it."""

log = structlog.get_logger(__name__)


class WrongPartitions(Exception):
    """A topic does not have the partitions that everybody else counts on; says which."""


def every_topic() -> list[str]:
    """All topics of the contracts, sorted."""
    return sorted({entry.topic for entry in catalogue().values() if entry.topic})


def with_contacts() -> frozenset[str]:
    """The topics on which names and addresses are said."""
    return frozenset(entry_of(fact).topic for fact in CARRY_CONTACTS)


async def create(
    bootstrap: str, partitions: int, replication: int = 1, connection: Mapping[str, Any] | None = None
) -> None:
    """Create the topics that are missing, then check them all."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **(connection or {}))
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [
            NewTopic(name, partitions, replication, topic_configs=FORGETTING if name in with_contacts() else {})
            for name in every_topic()
            if name not in existing
        ]
        if missing:
            response = await admin.create_topics(missing)
            for name, code, *_ in response.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(name)
        await _settle(admin, partitions)
    finally:
        await admin.close()


async def _settle(admin: AIOKafkaAdminClient, partitions: int) -> None:
    """Check them all, once every broker has heard of the new ones."""
    until_s = time.monotonic() + HEARD_OF_S
    while True:
        try:
            return await _check(admin, every_topic(), partitions)
        except WrongPartitions:
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(0.1)


async def check(
    bootstrap: str, topics: Collection[str], partitions: int, connection: Mapping[str, Any] | None = None
) -> None:
    """Raise `WrongPartitions` unless every topic is there with exactly so many partitions.

    Raises `TopicAuthorizationFailedError` with the names of those that we may not even see.
    Logs an error for a topic with contacts that Kafka keeps for too long: personal data outlives its erasure there.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **(connection or {}))
    try:
        await admin.start()
        await _check(admin, topics, partitions)
        for topic in sorted(with_contacts() & set(topics)):
            await _check_forgetting(admin, topic)
    finally:
        await admin.close()


async def _check(admin: AIOKafkaAdminClient, topics: Collection[str], partitions: int) -> None:
    described = await admin.describe_topics(sorted(topics))
    hidden = [found["topic"] for found in described if for_code(found["error_code"]) is TopicAuthorizationFailedError]
    if hidden:
        raise TopicAuthorizationFailedError(*sorted(hidden))
    found = {found["topic"]: len(found["partitions"]) for found in described if not found["error_code"]}
    wrong = {topic: found.get(topic, 0) for topic in sorted(topics) if found.get(topic, 0) != partitions}
    if wrong:
        listed = ", ".join(f"{topic} has {count or 'none'}" for topic, count in wrong.items())
        raise WrongPartitions(
            f"every topic needs {partitions} partitions (PARTITIONS), but {listed}; "
            f"create them with: python -m chassis.topics --bootstrap … --partitions {partitions}"
        )


async def _check_forgetting(admin: AIOKafkaAdminClient, topic: str) -> None:
    """Where Kafka does not say how long it keeps a topic (the embedded broker, missing rights), nothing is known."""
    try:
        found = await _configs(admin, topic)
    except (KafkaError, NotImplementedError) as error:
        log.warning("nobody knows how long contacts stay in Kafka", topic=topic, error=type(error).__name__)
        return
    if "retention.ms" in found and not forgets(found):
        kept = {name: found.get(name) for name in FORGETTING}
        log.error("contacts stay in Kafka for too long", topic=topic, most_ms=LONGEST_WITH_CONTACTS_MS, **kept)


async def _configs(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str | None]:
    """Raises `TopicAuthorizationFailedError` without the right to ask (DescribeConfigs)."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    resources = [resource for answer in answers for resource in answer.resources]
    for error_code, *_ in resources:
        if error_code:
            raise for_code(error_code)(topic)
    return {config[0]: config[1] for resource in resources for config in resource[4]}


def forgets(configs: Mapping[str, str | None]) -> bool:
    """Whether a topic with these settings is rid of every record after `LONGEST_WITH_CONTACTS_MS`."""
    retention_ms, segment_ms = int(configs.get("retention.ms") or -1), int(configs.get("segment.ms") or -1)
    deletes = (configs.get("cleanup.policy") or "delete") == "delete"
    return deletes and min(retention_ms, segment_ms) >= 0 and retention_ms + segment_ms <= LONGEST_WITH_CONTACTS_MS


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chassis.topics", description=__doc__)
    parser.add_argument("--bootstrap", help="brokers, host:port by comma (KAFKA_BOOTSTRAP_SERVERS)")
    parser.add_argument("--partitions", type=int, default=6, help="for every topic, for life (default 6)")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition (default 1)")
    arguments = parser.parse_args()
    try:
        settings = KafkaSettings()
    except ValidationError as error:
        sys.exit(settings_problem(error))
    bootstrap = arguments.bootstrap or settings.kafka_bootstrap_servers
    asyncio.run(create(bootstrap, arguments.partitions, arguments.replication, settings.connection))


if __name__ == "__main__":
    main()
