"""How far a partition may go before a day is closed. Pure; days are UTC's."""

from datetime import UTC, datetime, time, timedelta

from chassis.sequence import LONG_AGO

A_DAY = timedelta(days=1)
NEVER = datetime.max.replace(tzinfo=UTC)


def midnight(moment: datetime) -> datetime:
    """The last one, `moment` itself if it is one."""
    return datetime.combine(moment.astimezone(UTC).date(), time.min, UTC)


def gate(closed_until: datetime | None, settled_at: datetime, first_at: datetime | None) -> datetime:
    """How far a partition may go: to the end of the day after the last closed one.

    Before any closing, to the first midnight of its own: `first_at` is the time of its first event, if one waits.
    """
    if closed_until is not None:
        return closed_until + A_DAY
    if settled_at > LONG_AGO:
        begun = midnight(settled_at)
        return begun if begun == settled_at else begun + A_DAY
    return NEVER if first_at is None else midnight(first_at) + A_DAY
