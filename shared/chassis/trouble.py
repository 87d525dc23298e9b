"""When a batch fails: what kind of failure it is, how long to wait, and when it is a bug of ours."""

import random
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from aiokafka.errors import KafkaError

from chassis import metrics
from chassis.database import is_transient, sqlstate_of
from chassis.errors import Rejected
from chassis.health import Health
from chassis.sequence import Refused

log = structlog.get_logger(__name__)

TRIES = 3
"""After so many failures that are not transient, a batch is saved customer by customer."""
MOST_SAME_FAILURES = 5
"""More customers failing in the same way are a bug here, not poison in the data: stop and call for help."""
FIRST_BACKOFF_S = 0.2
LONGEST_OUTAGE_BACKOFF_S = 5.0
"""What was away is found again within this time."""
LONGEST_BACKOFF_S = 30.0


class SameFailure(Exception):
    """Too many customers fail in the same way; nothing more is parked until somebody has looked."""


class Cause(StrEnum):
    """Kinds of failures, as the metrics name them."""

    transient = "transient"
    failure = "failure"
    bug = "bug"


@dataclass
class Backoff:
    """Why a partition waits before it tries again."""

    failures: int = 0
    outages: int = 0
    """Transient failures in a row; they never count towards parking anything."""
    retry_at_s: float = 0.0
    is_halted: bool = False
    """By a bug of ours, until the partition moves again."""

    @property
    def isolates(self) -> bool:
        """Whether it is time to look for the customer who cannot be saved."""
        return self.failures >= TRIES

    def failed(self, error: Exception) -> Cause:
        """Take note of a failure and back off."""
        cause = cause_of(error)
        self.is_halted = cause is Cause.bug
        self.failures += cause is Cause.failure
        self.outages += cause is Cause.transient
        delay_s = {
            Cause.bug: LONGEST_BACKOFF_S,
            Cause.transient: _backoff_s(self.outages, LONGEST_OUTAGE_BACKOFF_S),
            Cause.failure: _backoff_s(self.failures, LONGEST_BACKOFF_S),
        }[cause]
        self.retry_at_s = time.monotonic() + delay_s * random.uniform(0.5, 1.0)  # noqa: S311 only jitter
        return cause


def cause_of(error: Exception) -> Cause:
    """Which kind of failure an exception is."""
    if isinstance(error, SameFailure):
        return Cause.bug
    return Cause.transient if is_transient(error) or isinstance(error, KafkaError) else Cause.failure


def _backoff_s(times: int, longest_s: float) -> float:
    return min(longest_s, FIRST_BACKOFF_S * 2.0 ** min(times - 1, 10))


@dataclass
class Setbacks:
    """Partitions of one worker that failed, and wait before they are tried again."""

    health: Health
    _backoffs: dict[int, Backoff] = field(default_factory=dict)

    def may_try(self, partition: int) -> bool:
        """Whether it has waited for long enough."""
        backoff = self._backoffs.get(partition)
        return backoff is None or time.monotonic() >= backoff.retry_at_s

    def isolates(self, partition: int) -> bool:
        """Whether it failed so often that its batch is saved customer by customer."""
        backoff = self._backoffs.get(partition)
        return backoff is not None and backoff.isolates

    def overcome(self, partition: int) -> None:
        """It has moved."""
        self._backoffs.pop(partition, None)
        self._measure()

    def failed(self, partition: int, error: Exception) -> None:
        """Back off, and say why."""
        cause = self._backoffs.setdefault(partition, Backoff()).failed(error)
        metrics.retries.labels(cause).inc()
        self._measure()
        if cause is Cause.bug:
            self.health.set_ready(False, f"partition {partition} is halted: {error}")
        elif cause is Cause.transient:
            self.health.set_ready(False, "the database or Kafka is away")
        log.warning(
            "batch failed", partition=partition, cause=cause.value, error=type(error).__name__, code=sqlstate_of(error),
            exc_info=None if cause is Cause.transient else error,
        )  # fmt: skip

    def _measure(self) -> None:
        metrics.halted.set(sum(backoff.is_halted for backoff in self._backoffs.values()))


@dataclass
class BugWatch:
    """Counts customers per kind of failure since the start of the process, and logs each with its place."""

    customers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def look(self, refused: Iterable[Refused]) -> None:
        """Raises `SameFailure` when too many customers failed at the same place in the code."""
        for refusal in refused:
            error = refusal.error
            if error is None or isinstance(error, Rejected):
                continue
            place = traceback.extract_tb(error.__traceback__)[-1:]
            signature = f"{type(error).__name__} at " + "".join(f"{f.filename}:{f.lineno}" for f in place)
            self.customers[signature].add(refusal.item.customer_id)
            log.error("not applied: a failure of ours", reason=refusal.reason, cause=refusal.item.id, exc_info=error)
            if len(self.customers[signature]) > MOST_SAME_FAILURES:
                raise SameFailure(signature) from error
