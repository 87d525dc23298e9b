"""Which times a publisher can have meant. Owns the limits; must not know a clock.

A fact's moments are checked against the time it was said, and promises must be days that exist: a fold may then
compute with all of them and never overflow.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec

from contracts.catalogue import catalogue
from contracts.unreadable import Reason, Unreadable
from contracts.vocabulary import PROMISE

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside are mistakes of a publisher (a zero, milliseconds for seconds), never orders."""
AHEAD = timedelta(days=1)
"""So far may a fact have happened after it was said: clocks and zones of others are never quite right."""
_HAPPENED = frozenset({"occurred_at", "placed_at"})


class _Moments(NamedTuple):
    times: tuple[str, ...]
    promises: tuple[str, ...]


def parse_time(text: str) -> datetime:
    """The CloudEvents `time`, in UTC."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise Unreadable(Reason.bad_time, "time is not RFC 3339") from error
    if moment.tzinfo is None:
        raise Unreadable(Reason.naive_time, "time has no offset")
    if not EARLIEST <= moment < LATEST:
        raise _out_of_range("time", moment)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def check_moments(name: str, fact: Any, said: datetime) -> None:
    """Raises `Unreadable` for a moment of the fact, an event of type `name`, that nobody can have meant."""
    times, promises = _moments(name)
    for field in times:
        moment = getattr(fact, field)
        if moment is None:
            continue
        if not EARLIEST <= moment < LATEST:
            raise _out_of_range(field, moment)
        if field in _HAPPENED and moment > said and moment - said > AHEAD:
            raise Unreadable(Reason.occurred_after_said, f"{field} is {moment - said} after it was said")
    for field in promises:
        promise = getattr(fact, field)
        if promise is not None:
            _check_promise(field, promise)


def _out_of_range(field: str, moment: datetime) -> Unreadable:
    if moment < EARLIEST:
        return Unreadable(Reason.time_too_early, f"{field} is before {EARLIEST.year}")
    return Unreadable(Reason.time_too_late, f"{field} is not before {LATEST.year}")


def _check_promise(field: str, promise: str) -> None:
    try:
        moment = datetime.fromisoformat(promise)
    except ValueError as error:
        raise Unreadable(Reason.bad_time, f"{field} is no day or moment of the calendar") from error
    if not EARLIEST.year <= moment.year < LATEST.year:
        raise _out_of_range(field, moment.replace(tzinfo=UTC))


@cache
def _moments(name: str) -> _Moments:
    struct = msgspec.inspect.type_info(catalogue()[name].fact)
    kinds = {field.name: _kind(field.type) for field in struct.fields}  # type: ignore[attr-defined]  # facts are structs
    return _Moments(
        tuple(field for field, kind in kinds.items() if isinstance(kind, msgspec.inspect.DateTimeType)),
        tuple(field for field, kind in kinds.items() if getattr(kind, "pattern", None) == PROMISE),
    )


def _kind(declared: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """What a field is when it is not null."""
    return declared.types[0] if isinstance(declared, msgspec.inspect.UnionType) else declared
