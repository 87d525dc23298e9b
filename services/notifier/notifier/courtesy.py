"""When it is polite to write: quiet hours in the person's own zone, right across changes of the clock."""

from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct


class QuietHours(Struct, frozen=True):
    """From `begins` until `ends` on the person's clock nobody is written to; usually over midnight."""

    begins: time = time(21)
    ends: time = time(8)

    def end(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """When the quiet around `moment` ends (UTC, later than `moment`); None when it is not quiet then."""
        local = moment.astimezone(zone)
        if not self._cover(local.time()):
            return None
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        ends = datetime.combine(day, self.ends, tzinfo=zone)
        # A clock that jumps over the end has none, a clock set back has two: the later reading is never too early.
        return max(ends.replace(fold=fold).astimezone(UTC) for fold in (0, 1))

    def _cover(self, clock: time) -> bool:
        if self.begins <= self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


class Courtesy(Struct, frozen=True, kw_only=True):
    """The shop's manners, from its settings."""

    quiet_hours: QuietHours = QuietHours()
    shop_zone: tzinfo = UTC
    """For people whose zone nobody knows."""
