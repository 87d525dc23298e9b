"""What one order means in points: the money paid for each line, what was given back, what the member still holds.

Pure arithmetic on the known facts of one order; moves no points. The rate is frozen when the order is confirmed, so
a later change of the programme never changes what a refund takes back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace


class Rate(Struct, frozen=True, gc=False, array_like=True):
    """So many points for so many minor units of money."""

    points: int
    minor: int

    def points_for(self, paid_minor: int) -> int:
        """Rounded down: nobody is owed a point that nobody paid for."""
        return paid_minor * self.points // self.minor


class Line(Struct, frozen=True, gc=False, array_like=True):
    """One line of a confirmed order."""

    paid_minor: int
    points: int
    """What the member holds of it now."""
    refunded_minor: int = 0

    @property
    def over_refunded_minor(self) -> int:
        """Money given back beyond what was paid."""
        return max(0, self.refunded_minor - self.paid_minor)


class OrderPoints(Struct, frozen=True, gc=False, omit_defaults=True):
    """One order. It may begin with any fact: until it is confirmed, the others are remembered here."""

    order_id: str
    rate: Rate | None = None
    """Missing until the order is confirmed."""
    lines: dict[str, Line] = {}
    refunds: dict[str, dict[str, int]] = {}
    """Money given back by refund and line, in minor units, in the order in which it became known."""
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    vested: bool = False
    late_issue_ids: tuple[str, ...] = ()
    """Late deliveries that were answered; only the first was made good."""

    @property
    def held_points(self) -> int:
        """What the member holds of this order: pending, or available once it has vested."""
        return sum(line.points for line in self.lines.values())

    def confirmed(self, rate: Rate, paid: Iterable[tuple[str, int]]) -> "OrderPoints":
        """With its lines, each earning for itself. `paid` gives (line_id, paid_minor); repeated lines add up."""
        return replace(
            self,
            rate=rate,
            lines={line_id: Line(minor, rate.points_for(minor)) for line_id, minor in _sums(paid).items()},
        )

    def remembering(self, refund_id: str, amounts: Iterable[tuple[str, int]]) -> "OrderPoints":
        """With one more refund known. `amounts` gives (line_id, amount_minor)."""
        return replace(self, refunds={**self.refunds, refund_id: _sums(amounts)})

    def refunded(self, refund_id: str) -> tuple["OrderPoints", dict[str, int]]:
        """After taking a remembered refund into account, with the points it takes from each line.

        A line keeps what the money that stays would have earned; refunds beyond what was paid leave it at zero.
        Raises `KeyError` for a refund that is not remembered.
        """
        return self._with_lines(
            {
                line_id: self._less(self.lines[line_id], minor)
                for line_id, minor in self.refunds[refund_id].items()
                if line_id in self.lines
            }
        )

    def emptied(self) -> tuple["OrderPoints", dict[str, int]]:
        """After taking everything back, with the points taken from each line."""
        return self._with_lines({line_id: replace(line, points=0) for line_id, line in self.lines.items()})

    def _less(self, line: Line, minor: int) -> Line:
        refunded_minor = line.refunded_minor + minor
        kept = self.rate.points_for(max(0, line.paid_minor - refunded_minor)) if self.rate else 0
        return replace(line, refunded_minor=refunded_minor, points=min(line.points, kept))

    def _with_lines(self, changed: Mapping[str, Line]) -> tuple["OrderPoints", dict[str, int]]:
        taken = {line_id: self.lines[line_id].points - line.points for line_id, line in changed.items()}
        return replace(self, lines={**self.lines, **changed}), {key: points for key, points in taken.items() if points}


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, number in pairs:
        sums[key] = sums.get(key, 0) + number
    return sums
