"""How the FastStream modes subscribe: from the beginning, in the group of the run."""

import os
from typing import Any, NamedTuple

from benchmarks.modes import environment
from benchmarks.modes.loyalty_by_hand import TOPICS


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


def places() -> set[Place]:
    """Every partition of every topic of the service."""
    return {Place(topic, partition) for topic in TOPICS for partition in range(environment.PARTITIONS)}


def subscription() -> dict[str, Any]:
    """Arguments of `subscriber` beside the topic."""
    session_ms = int(os.environ["KAFKA_SESSION_TIMEOUT_MS"])
    return {
        "group_id": environment.group(),
        "auto_offset_reset": "earliest",
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": session_ms // 3,
        "fetch_max_wait_ms": 100,
    }
