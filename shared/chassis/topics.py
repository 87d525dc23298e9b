"""Topics: all have the same number of partitions, fixed for life, because one customer is one partition everywhere.

`python -m chassis.topics --bootstrap HOST:PORT --partitions N` creates those that are missing (for the embedded stack
and first installations; in production they are declared with the cluster).
"""

import argparse
import asyncio
import time
from collections.abc import Collection

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from contracts.catalogue import catalogue

HEARD_OF_S = 10.0
"""By then every broker knows of a topic that one has created."""


class WrongPartitions(Exception):
    """A topic does not have the partitions that everybody else counts on; says which."""


def every_topic() -> list[str]:
    """All topics of the contracts, sorted."""
    return sorted({entry.topic for entry in catalogue().values() if entry.topic})


async def create(bootstrap: str, partitions: int, replication: int = 1) -> None:
    """Create the topics that are missing, then check them all."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [NewTopic(name, partitions, replication) for name in every_topic() if name not in existing]
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


async def check(bootstrap: str, topics: Collection[str], partitions: int) -> None:
    """Raise `WrongPartitions` unless every topic is there with exactly so many partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await _check(admin, topics, partitions)
    finally:
        await admin.close()


async def _check(admin: AIOKafkaAdminClient, topics: Collection[str], partitions: int) -> None:
    described = await admin.describe_topics(sorted(topics))
    found = {found["topic"]: len(found["partitions"]) for found in described if not found["error_code"]}
    wrong = {topic: found.get(topic, 0) for topic in sorted(topics) if found.get(topic, 0) != partitions}
    if wrong:
        listed = ", ".join(f"{topic} has {count or 'none'}" for topic, count in wrong.items())
        raise WrongPartitions(
            f"every topic needs {partitions} partitions (PARTITIONS), but {listed}; "
            f"create them with: python -m chassis.topics --bootstrap … --partitions {partitions}"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chassis.topics", description=__doc__)
    parser.add_argument("--bootstrap", required=True, help="brokers, host:port by comma")
    parser.add_argument("--partitions", type=int, default=6, help="for every topic, for life (default 6)")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition (default 1)")
    arguments = parser.parse_args()
    asyncio.run(create(arguments.bootstrap, arguments.partitions, arguments.replication))


if __name__ == "__main__":
    main()
