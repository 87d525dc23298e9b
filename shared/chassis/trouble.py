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

from chassis.database import is_transient
from chassis.errors import Rejected
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
