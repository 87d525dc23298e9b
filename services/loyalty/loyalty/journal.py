"""What one item writes into one account: postings with running balances, facts, decisions.

Lives for one fold. It is how rules change an account, and it keeps what must hold whatever the rule: points are
positive, every posting moves the balances that its places name, numbers stay exact in JSON.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from chassis.errors import Rejected
from chassis.items import Command
from chassis.outcomes import Decision, Outcome
from contracts import Event, Fact
from contracts.loyalty import PointsMoved
from contracts.vocabulary import LARGEST_INTEGER
from loyalty.accounts import Account
from loyalty.order_points import OrderPoints
from loyalty.postings import Movement, Posting
from loyalty.programme import Programme


class KnownAlready(Exception):
    """Raised by a rule before it writes anything: the item's natural key is known, so its effect is there."""


class Journal:
    """Opened on an account for one item; `closed()` gives the new account and the outcome."""

    __slots__ = ("_before", "_decisions", "_facts", "_rows", "account", "item", "programme")

    def __init__(self, programme: Programme, account: Account, item: Event[Any] | Command[Any]) -> None:
        self.programme = programme
        self.account = self._before = account
        self.item = item
        self._rows: list[Any] = []
        self._facts: list[Fact] = []
        self._decisions: list[Decision] = []

    @property
    def at(self) -> datetime:
        """The rules' now."""
        return self.item.at

    def order(self, order_id: str) -> OrderPoints:
        """What is known of an order; blank for a new one."""
        return self.account.orders.get(order_id) or OrderPoints(order_id)

    def keep(self, order: OrderPoints) -> None:
        """The order as it is now."""
        account = self._own()
        account.orders = {**account.orders, order.order_id: order}
        self._rows.append(order)

    def change(self, **fields: Any) -> None:
        """Fields of the account that are no balances."""
        account = self._own()
        for name, value in fields.items():
            setattr(account, name, value)

    def post(self, movement: Movement, points: int, reference: str, order_id: str | None = None) -> None:
        """Move points under a reference that is new to the member.

        Raises `Rejected` (points_out_of_range) where a number would no longer be exact in JSON.
        """
        if points <= 0:
            raise ValueError(f"{reference} moves {points} points")
        account = self._own()
        account.available_points += movement.available * points
        account.pending_points += movement.pending * points
        account.qualifying_points += movement.qualifying * points
        account.postings += 1
        if max(points, abs(account.available_points), account.pending_points) > LARGEST_INTEGER:
            raise Rejected("points_out_of_range", "So many points cannot be meant.")
        self._rows.append(
            Posting(
                account.customer_id, account.postings, movement, points, reference, order_id,
                self.item.id, self.item.at,
            )
        )  # fmt: skip

    def _own(self) -> Account:
        """A copy to work on, made once: the account that came stays as it was, whatever happens."""
        if self.account is self._before:
            self.account = replace(self._before)
        return self.account

    def enter(self, row: Any) -> None:
        """A row of the domain that is neither posting nor order."""
        self._rows.append(row)

    def say(self, fact: Fact) -> None:
        """A fact to publish."""
        self._facts.append(fact)

    def say_moved(self, moved: Callable[..., PointsMoved], points: int, **about: str | None) -> None:
        """A fact about moved points, with the balances as they are now."""
        self.say(
            moved(
                customer_id=self.account.customer_id,
                occurred_at=self.at,
                points=points,
                available_points=self.account.available_points,
                pending_points=self.account.pending_points,
                **about,
            )
        )

    def decide(self, subject: str, rule: str, outcome: str, reason: str, **detail: Any) -> None:
        """Why something was done or left undone."""
        version = self.programme.version
        self._decisions.append(
            Decision(subject=subject, rule=rule, outcome=outcome, reason=reason, version=version, detail=detail)
        )

    def closed(self) -> tuple[Account, Outcome]:
        """The new account (the old one if nothing changed) and what follows."""
        return self.account, Outcome(rows=tuple(self._rows), facts=tuple(self._facts), decisions=tuple(self._decisions))
