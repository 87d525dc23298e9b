"""A story collects what is said about one order, and what truly became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from contracts import Fact
from contracts.storefront import OrderRefunded
from contracts.vocabulary import OrderLine, RefundedLine
from storefront.saying import Said
from storefront.simulation.dice import between
from storefront.simulation.orders import Order


@dataclass(slots=True)
class Story:
    """One order being told; the only thing here that changes."""

    order: Order
    said: list[Said] = field(default_factory=list)
    promised_until: datetime = field(init=False)
    delivered_at: datetime | None = None
    """When the last parcel was with the customer; None when nothing (more) came."""
    ended_at: datetime | None = None
    """When nothing more was to come: delivered, cancelled or given back."""
    cancelled: bool = False
    parcels: int = 0
    split: bool = False
    refunds: int = 0
    contacts: int = 0

    def __post_init__(self) -> None:
        self.promised_until = self.order.promised_until

    @property
    def customer_id(self) -> str:
        """Whose order it is."""
        return self.order.person.customer_id

    @property
    def order_id(self) -> str:
        """Which order."""
        return self.order.order_id

    @property
    def late_by(self) -> timedelta:
        """How long after the last promise the order was whole; zero when it was in time or never came."""
        if self.delivered_at is None or self.delivered_at <= self.promised_until:
            return timedelta()
        return self.delivered_at - self.promised_until

    def say(self, fact: Fact, happened_at: datetime, dice: Random, *, within_s: float = 30) -> None:
        """The storefront says it some seconds after it happened."""
        delay = between(dice, 1, within_s, unit=timedelta(seconds=1))
        self.said.append(Said(fact, happened_at + delay))

    def refund(
        self, lines: Sequence[OrderLine], at: datetime, dice: Random, *, share: float = 1, pieces: int | None = None
    ) -> None:
        """Give back `share` of what the lines cost: for all their pieces, or as many as are named."""
        given = tuple(
            RefundedLine(
                line_id=line.line_id,
                quantity=pieces or line.quantity,
                amount_minor=round(line.paid_minor * share * (pieces or line.quantity) / line.quantity),
            )
            for line in lines
        )
        self.give_back(sum(line.amount_minor for line in given), given, at, dice)

    def give_back(self, amount_minor: int, lines: tuple[RefundedLine, ...], at: datetime, dice: Random) -> None:
        """Say that money was given back; without lines it is a gesture."""
        self.refunds += 1
        refunded = OrderRefunded(
            customer_id=self.customer_id,
            order_id=self.order_id,
            refund_id=f"{self.order_id}-f{self.refunds}",
            occurred_at=at,
            amount_minor=amount_minor,
            lines=lines,
        )
        self.say(refunded, at, dice)
