"""The daily closing: shared numbers are yesterday's, and a day is over when every partition says so.

Whatever spans customers is summed up once a day, in one transaction, by whichever worker notices first. With simulated
time a partition goes no further than the midnight of a day that is not closed, so that each item finds the numbers of
its own morning at any speed. With the real clock nobody waits: a day is closed soon after midnight, and folds use the
newest numbers there are. A service without a closing knows nothing of all this.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text

from chassis import metrics
from chassis.lane import Lane
from chassis.midnights import A_DAY, midnight
from chassis.runtime import Runtime
from chassis.sequence import LONG_AGO
from chassis.service import CloseDay, Tx
from chassis.settings import ClockKind
from chassis.trouble import Backoff, Cause

log = structlog.get_logger(__name__)

GRACE = timedelta(minutes=10)
"""Real clock: so long after midnight what was said before it should have been heard."""
LOOK_AT_THE_CLOCK_EVERY_S = 30.0


class Days:
    """What one worker knows of closed days, and its part in closing them."""

    def __init__(self, runtime: Runtime) -> None:
        self.closed_until: datetime | None = None
        self.waits = False
        """Simulated time: a lane here has come to midnight, and the day is not closed."""
        self._runtime = runtime
        self._looked_at_s = 0.0
        self._backoff: Backoff | None = None

    async def move_on(self, lanes: Iterable[Lane]) -> bool:
        """Close a day if one is over, here or elsewhere, and let the lanes into the next; whether one was."""
        close = self._runtime.service.close_day
        if close is None or not self._may_be_over(lanes):
            return False
        known = self.closed_until
        try:
            async with self._runtime.transaction() as tx:
                self.closed_until = await close_next(tx, close, await self._over_until(tx))
        except Exception as error:  # noqa: BLE001 whatever it is, the day stays open and the lag grows
            self._failed(error)
            return False
        self._backoff = None
        for lane in lanes:
            lane.closed_until = self.closed_until
        return self.closed_until != known

    def _may_be_over(self, lanes: Iterable[Lane]) -> bool:
        now_s = time.monotonic()
        if self._backoff and now_s < self._backoff.retry_at_s:
            return False
        if self._runtime.settings.clock is ClockKind.simulated:
            self.waits = any(lane.waits_for_closing for lane in lanes)
            return self.waits
        if self._looked_at_s and now_s - self._looked_at_s < LOOK_AT_THE_CLOCK_EVERY_S:
            return False
        self._looked_at_s = now_s
        return True

    async def _over_until(self, tx: Tx) -> datetime:
        settings = self._runtime.settings
        if settings.clock is ClockKind.real:
            return midnight(datetime.now(UTC) - GRACE)
        known, settled_at = (await tx.execute(_SETTLED)).one()
        return midnight(settled_at) if known == settings.partitions and settled_at is not None else LONG_AGO

    def _failed(self, error: Exception) -> None:
        self._backoff = self._backoff or Backoff()
        cause = self._backoff.failed(error)
        metrics.retries.labels(cause).inc()
        log.warning("closing a day failed", error=type(error).__name__, cause=cause.value,
                    exc_info=None if cause is Cause.transient else error)  # fmt: skip


async def close_next(tx: Tx, close: CloseDay, over_until: datetime) -> datetime | None:
    """Close the next day if it has ended by `over_until`; until when days are closed now, None if none ever was.

    The first day that is closed is the last that is over: before it nothing was heard.
    """
    until: datetime | None = (await tx.execute(_CLOSED)).scalar_one()
    if over_until <= (until or LONG_AGO):
        return until
    before: datetime | None = (await tx.execute(_LOCKED)).scalar_one()
    if before != until:
        return before  # somebody else was first
    until = over_until if before is None else before + A_DAY
    await close(tx, (until - A_DAY).date())
    await tx.execute(_CLOSE, {"until": until})
    return until


_CLOSED = text("select closed_until from closings")
_LOCKED = text("select closed_until from closings for update")
_CLOSE = text("update closings set closed_until = :until")
_SETTLED = text("""
    select count(distinct partition), case when bool_and(settled_at is not null) then min(settled_at) end
    from positions
""")
