"""Policy trials: what would have happened on the recorded past under another policy than the running one.

Owns folding a recorded timeline again, in memory, and comparing two policies by the issues that it leads to. Nothing
is written or said. Both policies are folded anew, so that what differs is theirs and not an older version's. A look of
the early warning uses the numbers of its own morning, as they were: what looks at other hours had taught nobody knows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct

from chassis.items import Due, Item
from chassis.outcomes import NOTHING, Outcome
from chassis.sequence import fold_sequence
from contracts import Event
from contracts.storefront import CustomerErased
from contracts.vocabulary import IssueKind
from orders_listener import customers
from orders_listener.accounts import Account, Patron, on_customer_erased, on_deadline, on_order_fact
from orders_listener.early_warning.mornings import Mornings
from orders_listener.issues import Issue
from orders_listener.policy import Policy
from orders_listener.timelines import Timeline

MOST_DIFFERENCES = 100


class Past(Struct, frozen=True, kw_only=True):
    """What is tried on: an order's recorded timeline, and when its customer was erased if they were."""

    timeline: Timeline
    erased_at: datetime | None = None


class Tally(Struct, frozen=True, kw_only=True):
    """What came of one policy, within the window."""

    opened: Mapping[IssueKind, int] = {}
    resolved: Mapping[IssueKind, int] = {}
    """Of those opened within the window, until its end."""
    people_told: int = 0
    """Customers with an issue that was opened within the window."""


class Difference(Struct, frozen=True, kw_only=True):
    """An issue that the two policies open at different moments, or that only one of them opens."""

    order_id: str
    kind: IssueKind
    subject: str
    running_at: datetime | None
    tried_at: datetime | None


class Trial(Struct, frozen=True, kw_only=True):
    """Two policies compared."""

    since: datetime
    until: datetime
    orders: int
    running: Tally
    tried: Tally
    differences: tuple[Difference, ...]
    """The first hundred, by order."""


class Comparison:
    """Takes timelines in any number of portions; what is kept meanwhile grows with issues and customers only."""

    def __init__(self, running: Policy, tried: Policy, *, since: datetime, until: datetime, mornings: Mornings) -> None:
        self._policies = (running, tried)
        self._mornings = mornings
        self.since, self.until = since, until
        self.orders = 0
        self._sides = (_Side(), _Side())
        self._differences: list[Difference] = []

    def take(self, pasts: Iterable[Past]) -> None:
        """Fold some orders under both policies."""
        for past in pasts:
            self.orders += 1
            both = [self._issues(past, policy) for policy in self._policies]
            for side, issues in zip(self._sides, both, strict=True):
                side.count(issues.values())
            if len(self._differences) < MOST_DIFFERENCES:
                self._differences += _differences(*both)

    def _issues(self, past: Past, policy: Policy) -> dict[str, Issue]:
        issues = folded_again(past, policy, until=self.until, mornings=self._mornings).issues.values()
        return {issue.issue_id: issue for issue in issues if self.since <= issue.opened_at < self.until}

    def result(self) -> Trial:
        """What was found so far."""
        running, tried = (side.tally() for side in self._sides)
        return Trial(
            since=self.since,
            until=self.until,
            orders=self.orders,
            running=running,
            tried=tried,
            differences=tuple(self._differences[:MOST_DIFFERENCES]),
        )


class _Side:
    """What one policy led to."""

    def __init__(self) -> None:
        self._opened: Counter[IssueKind] = Counter()
        self._resolved: Counter[IssueKind] = Counter()
        self._people: set[str] = set()

    def count(self, issues: Iterable[Issue]) -> None:
        for issue in issues:
            self._opened[issue.kind] += 1
            self._resolved[issue.kind] += not issue.is_open
            self._people.add(issue.customer_id)

    def tally(self) -> Tally:
        return Tally(opened=dict(self._opened), resolved=dict(+self._resolved), people_told=len(self._people))


def _differences(running: Mapping[str, Issue], tried: Mapping[str, Issue]) -> Iterable[Difference]:
    for issue_id in sorted(running.keys() | tried.keys()):
        ours, theirs = running.get(issue_id), tried.get(issue_id)
        one = ours or theirs
        if one is not None and (ours is None or theirs is None or ours.opened_at != theirs.opened_at):
            yield Difference(
                order_id=one.order_id,
                kind=one.kind,
                subject=one.subject,
                running_at=ours.opened_at if ours else None,
                tried_at=theirs.opened_at if theirs else None,
            )


def folded_again(past: Past, policy: Policy, *, until: datetime, mornings: Mornings) -> Timeline:
    """The timeline as it had been under `policy`: each fact when it was learned, and deadlines between by the watch."""
    known = past.timeline
    account = Account(patron=Patron(customer_id=known.customer_id), mornings=mornings)
    items = [(moment, event) for moment, event in _items(past) if moment < until]
    folded = fold_sequence(
        partial(_fold, policy),
        {known.customer_id: account},
        [event for _, event in items],
        before=until,
        moments=[moment for moment, _ in items],
    )
    for refused in folded.refused:
        raise refused.error or ValueError(refused.reason)
    after: Account = folded.accounts[known.customer_id]
    return after.timelines.get(known.order_id) or Timeline(customer_id=known.customer_id, order_id=known.order_id)


def _items(past: Past) -> list[tuple[datetime, Event[Any]]]:
    """What was heard, by the moment at which it was learned."""
    heard = [(entry.detected_at, _event(entry.key, entry.said_at, entry.fact)) for entry in past.timeline.entries]
    if past.erased_at is not None:
        erased = CustomerErased(customer_id=past.timeline.customer_id, occurred_at=past.erased_at)
        heard.append((past.erased_at, _event("erased", past.erased_at, erased)))
    return sorted(heard, key=lambda one: (one[0], one[1].time, one[1].id))


def _event(name: str, said_at: datetime, fact: Any) -> Event[Any]:
    return Event(id=name, source="/rapport/trial", time=said_at, data=fact, correlation_id=name)


def _fold(policy: Policy, account: Account, item: Item) -> tuple[Account, Outcome]:
    """As the service folds what can be part of a timeline; a customer's own deadline concerns no order."""
    match item:
        case Due(kind=customers.REVIEW):
            return account, NOTHING
        case Due():
            return on_deadline(account, item, policy)
        case Event(data=CustomerErased()):
            return on_customer_erased(account, item)
        case _:
            return on_order_fact(account, item.data, item.at, policy)
