"""What every mode reads from its environment; the names are those of the service whose work it does."""

import os
from typing import Any

from aiokafka import AIOKafkaConsumer

SERVICE = os.environ.get("BENCH_SERVICE", "loyalty")
PARTITIONS = int(os.environ.get("PARTITIONS", "6"))
BATCH_RECORDS = 1_000
"""As many as the services fold in one transaction at most."""


def database_url() -> str:
    """For asyncpg."""
    return sqlalchemy_url().replace("postgresql+asyncpg://", "postgresql://")


def sqlalchemy_url() -> str:
    """For SQLAlchemy."""
    return os.environ[f"{SERVICE.upper()}_DATABASE_URL"]


def group() -> str:
    """The consumer group; a new one in every run."""
    return os.environ[f"{SERVICE.upper()}_CONSUMER_GROUP"]


def bootstrap() -> str:
    """Where Kafka answers."""
    return os.environ["KAFKA_BOOTSTRAP_SERVERS"]


def consumer(**settings: Any) -> AIOKafkaConsumer:
    """A member of the group, not subscribed yet; positions are ours to keep."""
    session_ms = int(os.environ["KAFKA_SESSION_TIMEOUT_MS"])
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap(),
        group_id=group(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 3,
        fetch_max_wait_ms=100,
        **settings,
    )
