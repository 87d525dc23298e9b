"""Rows of CSV files that know where they stand, and the mistakes found in them.

A recording is read whole before anything of it is said: a row that cannot be read is fatal, never skipped, because
a figure over the rest would be a figure about something else.
"""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from storefront.recorded.amounts import NotAnAmount, minor_of

MOST_NAMED = 20
"""So many mistakes are named; the others are counted."""
LONGEST_VALUE = 60


class UnreadableRows(Exception):
    """Rows that mean nothing; one sentence for each: file, line, reason."""

    def __init__(self, mistakes: list[str]) -> None:
        rest = len(mistakes) - MOST_NAMED
        super().__init__("\n".join(mistakes[:MOST_NAMED] + ([f"… and {rest} more"] if rest > 0 else [])))
        self.mistakes = mistakes


class BadRow(Exception):
    """One row means nothing; says where and why."""


@dataclass(frozen=True)
class Row:
    """One row by column name. Every reader raises `BadRow` with the column and what stands in it."""

    place: str
    """`file:line`, counted as an editor does."""
    cells: dict[str, str]

    def bad(self, reason: str) -> BadRow:
        """What to raise about this row."""
        return BadRow(f"{self.place}: {reason}")

    def text(self, column: str) -> str | None:
        """What stands there; None when nothing does or the file has no such column."""
        return self.cells.get(column, "").strip() or None

    def needed(self, column: str) -> str:
        """What stands there."""
        text = self.text(column)
        if text is None:
            raise self.bad(f"{column} is empty")
        return text

    def new(self, column: str, known: Collection[str]) -> str:
        """What names this row, and may not name another."""
        text = self.needed(column)
        if text in known:
            raise self.bad(f"{column} {text[:LONGEST_VALUE]} stands here a second time")
        return text

    def moment(self, column: str, form: str, zone: tzinfo | None = None) -> datetime | None:
        """A time (UTC) in this `strptime` form, in `zone` unless the form has an offset of its own.

        A local time that a change of the clock made twice is the first of the two; one that it left out is later.
        """
        text = self.text(column)
        if text is None:
            return None
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 the zone follows
        except ValueError:
            raise self.bad(f"{column} is no time of the form {form}: {text[:LONGEST_VALUE]!r}") from None
        # to UTC at once: two local times of one zone compare by their wall clocks, across a change of them too
        return (moment.replace(tzinfo=zone) if zone else moment).astimezone(UTC)

    def needed_moment(self, column: str, form: str, zone: tzinfo | None = None) -> datetime:
        """A time that must be there."""
        self.needed(column)
        moment = self.moment(column, form, zone)
        assert moment is not None  # noqa: S101 something stands there
        return moment

    def day(self, column: str, form: str) -> date:
        """The day of a local time, wherever that is."""
        text = self.needed(column)
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 a day has no zone
        except ValueError:
            raise self.bad(f"{column} is no day of the form {form}: {text[:LONGEST_VALUE]!r}") from None

    def amount(self, column: str, currency: str) -> int:
        """An amount in minor units; nothing counts as zero."""
        text = self.text(column) or "0"
        try:
            return minor_of(text, currency)
        except NotAnAmount as error:
            raise self.bad(f"{column} {error}: {text[:LONGEST_VALUE]!r}") from None

    def number(self, column: str) -> int:
        """A whole number."""
        text = self.needed(column)
        if not (text.isascii() and text.isdigit()):
            raise self.bad(f"{column} is no whole number: {text[:LONGEST_VALUE]!r}")
        return int(text)


def rows_of(file: Path, columns: Collection[str]) -> Iterator[Row]:
    """The rows of a file in UTF-8, with or without a byte order mark. `UnreadableRows` if columns are missing."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, restkey="", restval="")
        missing = sorted(set(columns) - set(reader.fieldnames or ()))
        if missing:
            raise UnreadableRows([f"{file.name}:1: there is no column {', '.join(missing)}"])
        try:
            for cells in reader:
                yield Row(f"{file.name}:{reader.line_num}", cells)
        except (UnicodeDecodeError, csv.Error) as error:
            raise UnreadableRows([f"{file.name}: after line {reader.line_num}: {error}"]) from None


@dataclass
class Mistakes:
    """Collects what is wrong, so that everything is named at once."""

    found: list[str] = field(default_factory=list)

    def note(self, mistake: BadRow) -> None:
        """Another one."""
        self.found.append(str(mistake))

    def raise_any(self) -> None:
        """Raises `UnreadableRows` if there was any."""
        if self.found:
            raise UnreadableRows(self.found)
