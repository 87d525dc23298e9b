"""One review of an order's issues: heal, open, update, absorb, each with its fact and its decision.

Owns the order of these steps. Must not know a kind of issue (rules.py has the table).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.outcomes import NOTHING, Decision, Outcome
from contracts import Fact
from contracts.orders import Resolution
from contracts.storefront import OrderPlaced
from orders_listener import issues as issue_book
from orders_listener.goods import about
from orders_listener.issues import Issue, Trouble, Why
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.refunds import evidence_of
from orders_listener.rules import RULE_OF, RULES, Rule
from orders_listener.watch import DeadlineKind

ERASED = "customer_erased"


class Review:
    """Collects what a look at a known order at `at` leads to.

    `now` is the latest moment the order has reached, by which silences are judged: `at`, or later when the item tells
    of old times. `looked` is the deadline that made somebody look, if one did; `erased` customers get no new issues.
    """

    def __init__(
        self,
        picture: Picture,
        placed: OrderPlaced,
        known: Mapping[str, Issue],
        *,
        at: datetime,
        now: datetime,
        policy: Policy,
        erased: bool = False,
        looked: DeadlineKind | None = None,
    ) -> None:
        self.issues = dict(known)
        self.outcome = NOTHING
        self._picture = picture
        self._placed = placed
        self._at = at
        self._now = now
        self._policy = policy
        self._erased = erased
        self._looked = looked

    def run(self) -> None:
        """Heals first, so that nothing is opened, updated or absorbed that is over."""
        for issue in self._open_issues():
            resolution = RULE_OF[issue.kind].cured(self._picture, issue)
            if resolution is not None:
                self._resolve(issue, resolution)
        for rule in RULES:
            if rule.opens_at in (None, self._looked) or self._may_be_updated(rule):
                self._apply(rule)

    def _may_be_updated(self, rule: Rule) -> bool:
        return not rule.said_once and any(issue.kind == rule.kind for issue in self._open_issues())

    def _apply(self, rule: Rule) -> None:
        shown = list(rule.shown(self._picture, self._now, self._policy))
        for trouble in shown:
            known = self._known(trouble)
            if known is None and rule.opens_at in (None, self._looked):
                self._open(rule, trouble)
            elif known is not None and known.is_open and not rule.said_once and not self._erased:
                self._update(known, trouble)
        if not shown and rule.spared and rule.opens_at == self._looked:
            self._spare(rule, rule.spared(self._picture, self._now, self._policy))

    def _known(self, trouble: Trouble) -> Issue | None:
        """Its issue, or one that is open about the same lines: a late word may change which time this is."""
        about = self._about(trouble)
        about_them = (
            issue
            for issue in self._open_issues()
            if (trouble.shipment_id or trouble.line_ids) and self._about(issue) == about
        )
        exact = self.issues.get(issue_book.issue_id_of(self._placed.order_id, trouble))
        return exact or next(about_them, None)

    @staticmethod
    def _about(one: Issue | Trouble) -> tuple[str, str | Sequence[str]]:
        return one.kind, one.shipment_id or one.line_ids

    def _open(self, rule: Rule, trouble: Trouble) -> None:
        promise = self._picture.counted_on
        issue = issue_book.issue_of(
            trouble,
            customer_id=self._placed.customer_id,
            order_id=self._placed.order_id,
            at=self._at,
            promised_by=promise.ends_at if promise else None,
        )
        if rule.cured(self._picture, issue) is not None:
            return
        why_not = ERASED if self._erased else self._louder(rule, trouble)
        if why_not is None:
            self.issues[issue.issue_id] = issue
            why = Why(reason=trouble.reason, snapshot=trouble.snapshot, numbers=trouble.numbers, actor=trouble.actor)
            self._say(issue, issue_book.opening_of(issue, about(self._picture, issue)), "opened", why)
            self._absorb_milder(issue)
        elif rule.opens_at is not None:
            self._spare(rule, Why(reason=why_not))

    def _louder(self, rule: Rule, trouble: Trouble) -> str | None:
        """An open issue that says more than this one could."""
        kinds = {issue.kind for issue in self._open_issues() if not issue_book.apart(issue, trouble)}
        return min(kinds & (rule.absorbed_by | rule.silenced_by), default=None)

    def _absorb_milder(self, worse: Issue) -> None:
        for issue in self._open_issues():
            if worse.kind in RULE_OF[issue.kind].absorbed_by and not issue_book.apart(issue, worse):
                self._resolve(issue, Resolution.absorbed)

    def _update(self, known: Issue, trouble: Trouble) -> None:
        changed = issue_book.changed_by(known, trouble)
        if changed:
            issue = self.issues[known.issue_id] = issue_book.updated(known, trouble)
            update = issue_book.update_of(issue, changed, about(self._picture, issue))
            self.outcome += Outcome(rows=(issue,), facts=(update,))

    def _resolve(self, open_issue: Issue, resolution: Resolution) -> None:
        refund = evidence_of(self._picture) if resolution is Resolution.refunded else {}
        issue = self.issues[open_issue.issue_id] = issue_book.resolved(open_issue, resolution, self._at, refund)
        rule, why = RULE_OF[issue.kind], Why(reason=resolution)
        if rule.why_over is not None and resolution is Resolution.ended:
            why = rule.why_over(self._picture, issue)
        self._say(issue, issue_book.resolving_of(issue, about(self._picture, issue)), "resolved", why)

    def _say(self, issue: Issue, fact: Fact, outcome: str, why: Why) -> None:
        times = issue_book.times_of(issue)
        self.outcome += Outcome(rows=(issue,), facts=(fact,))
        self._decide(issue.issue_id, issue.kind, outcome, why, times)

    def _spare(self, rule: Rule, why: Why | None) -> None:
        """Somebody looked and decided against; the order is what can be asked about then."""
        if why is not None and why.on_record:
            self._decide(self._placed.order_id, rule.kind, "not_opened", why, {})

    def _decide(self, subject: str, rule: str, outcome: str, why: Why, times: dict[str, Any]) -> None:
        decision = Decision(
            subject=subject,
            rule=rule,
            outcome=outcome,
            reason=why.reason,
            version=f"{self._policy.version} of {why.snapshot}" if why.snapshot else self._policy.version,
            detail=times | why.numbers | ({"actor": why.actor} if why.actor else {}),
        )
        self.outcome += Outcome(decisions=(decision,))

    def _open_issues(self) -> list[Issue]:
        return [issue for issue in self.issues.values() if issue.is_open]
