"""Alive, ready, and how one knows: by progress, never by asking the database or the broker.

A worker is alive when its loop came back lately and every partition it owns moved lately or has nothing to do. Waiting
for a database that is away is alive, and not ready.
"""

import time
from dataclasses import dataclass, field

from chassis import metrics


@dataclass
class Health:
    """Written by the worker's loop, read by the probes."""

    patience_s: float = 60.0
    """How long the loop or a partition with work may stand still."""
    ready: bool = False
    """False until a worker knows its partitions, and while a dependency is away."""
    reason: str = "starting"
    started: bool = False
    """Whether it was ever ready: has known its partitions once. Stays, whatever halts or goes away later."""
    returned_at_s: float = field(default_factory=time.monotonic)
    """When the worker's loop came round last."""
    behind_since_s: dict[int, float] = field(default_factory=dict)
    """Partitions with work, and since when they have not moved."""
    has_worker: bool = False

    def loop_returned(self) -> None:
        """The loop came round."""
        self.returned_at_s = time.monotonic()

    def moved(self, partition: int, *, behind: bool) -> None:
        """A partition's stored position moved, or there is nothing to do on it."""
        if behind:
            self.behind_since_s[partition] = time.monotonic()
        else:
            self.behind_since_s.pop(partition, None)

    def owns(self, partitions: set[int]) -> None:
        """Forget partitions that went to somebody else."""
        for partition in self.behind_since_s.keys() - partitions:
            del self.behind_since_s[partition]

    def set_ready(self, ready: bool, reason: str = "") -> None:
        """Say whether requests and rollouts may count on this process, and why not."""
        self.ready, self.reason = ready, reason
        metrics.ready.set(ready)
        self.started |= ready

    def stuck(self) -> str | None:
        """What stands still for too long; None while all is well."""
        if not self.has_worker:
            return None
        now_s = time.monotonic()
        if now_s - self.returned_at_s > self.patience_s:
            return f"the loop has not come round for {now_s - self.returned_at_s:.0f} s"
        if not self.ready:
            return None  # a dependency is away: restarting would not bring it back
        for partition, since_s in self.behind_since_s.items():
            if now_s - since_s > self.patience_s:
                return f"partition {partition} has work and has not moved for {now_s - since_s:.0f} s"
        return None
