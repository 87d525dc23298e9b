"""Times as providers write them: nothing, a day, a moment without a zone, one with an offset, seconds since 1970.

The rule for what has no zone: it is read as UTC. Carriers mean the clock at the place of the scan and rarely say where
that is; so read it is wrong by at most 14 hours, the same for every scan of a place, and no setting changes what a
hook said. A day alone, where a moment is needed, is its beginning in UTC: nothing becomes late by it anywhere.

Must not know a provider or a clock.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeAlias

from contracts.moments import AHEAD, EARLIEST, LATEST

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{9,10}([.][0-9]{1,9})?", re.ASCII)
_USUAL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"([0-9]{2}:[0-9]{2})(:[0-9]{2})?([.,][0-9]{1,9})? ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII | re.IGNORECASE,
)


Written: TypeAlias = str | int | float | None
"""What stands in JSON where a time is wanted; anything else is read as nothing."""


def moment_of(written: object) -> datetime | None:
    """The moment in UTC; None where none is written, or none that anybody can have meant (`0000-00-00`, a zero)."""
    text = _text(written)
    try:
        moment = _day_or_moment(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment is not None and EARLIEST <= moment < LATEST else None


def happened_by(latest: datetime, *written: object) -> datetime | None:
    """The first of several that is a moment, and not one that a fact said at `latest` could not have happened at."""
    moments = (moment_of(one) for one in written)
    return next((moment for moment in moments if moment is not None and moment < latest + AHEAD), None)


def promise_of(written: object) -> str | None:
    """The same where a day may stay one, in the form of a `Promise`: `2026-03-10`, or a moment with an offset.

    A moment without a zone is its day: nobody can say when it ends. So is midnight, which carriers write for a day.
    """
    moment, text = moment_of(written), _text(written)
    if moment is None:
        return None
    parts = _MOMENT.fullmatch(text)
    if _DAY.fullmatch(text) or (parts and (not parts[5] or _at_midnight(parts))):
        return text[:10]
    return moment.isoformat().replace("+00:00", "Z")


def _text(written: object) -> str:
    if isinstance(written, str):
        return written.strip()
    return repr(written) if isinstance(written, int | float) else ""


def _day_or_moment(text: str) -> datetime | None:
    if _USUAL.fullmatch(text):
        return datetime.fromisoformat(text).astimezone(UTC)
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(text))
    parts = _MOMENT.fullmatch(text)
    return _moment(parts) if parts else None


def _moment(parts: re.Match[str]) -> datetime:
    """Raises `ValueError` for a moment that no calendar has."""
    day, minutes, seconds, fraction, zone = parts.groups()
    micros = f".{fraction[1:7]:0<6}" if fraction else ""
    return datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}{micros}{_offset(zone)}").astimezone(UTC)


def _offset(zone: str | None) -> str:
    if zone is None or zone.upper() in {"Z", "UTC"}:
        return "+00:00"
    return zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"


def _at_midnight(parts: re.Match[str]) -> bool:
    return f"{parts[2]}{parts[3] or ''}".strip(":0") == "" and not (parts[4] or "").strip(".,0")
