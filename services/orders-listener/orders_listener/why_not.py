"""Why is there no such issue? Answered on request, by the same table and the same picture that would open it.

Owns the questions that are asked of a rule, in the order in which a review asks them, and their words. Must not know
a kind of issue otherwise than by its words: rules.py has the table.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct, structs

from contracts.vocabulary import IssueKind
from orders_listener.disruptions.declarations import NOTHING_DECLARED, Book
from orders_listener.early_warning.mornings import Mornings
from orders_listener.issues import Issue, Trouble, Why, apart, issue_of
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.rules import Rule
from orders_listener.timelines import Timeline

OPENED_BY = {
    IssueKind.payment_failed: "The last attempt to pay fails, and none has succeeded since.",
    IssueKind.item_unavailable: "The shop says that a line cannot be sent, and has not said otherwise since.",
    IssueKind.item_substituted: "The shop or a parcel names another variant of a line than was ordered or agreed.",
    IssueKind.item_missing: "Everything was sent that was announced, and a piece that was ordered was not in it.",
    IssueKind.fulfilment_stalled: "No parcel has moved although the shop's time to send it is over.",
    IssueKind.pickup_stalled: "The carrier has not scanned a labelled parcel for too long.",
    IssueKind.transit_stalled: "A parcel on its way has not been scanned for too long.",
    IssueKind.delivery_at_risk: "By what is known before the promise ends, it will probably not be kept.",
    IssueKind.delivery_late: "The promise has ended, and somebody still waits for a piece of the order.",
    IssueKind.attempt_failed: "The last word of the carrier is that a parcel could not be handed over.",
    IssueKind.awaiting_pickup: "A parcel waits where the customer has to fetch it.",
    IssueKind.held: "The last word of the carrier is that a parcel is held.",
    IssueKind.damaged: "The last word of the carrier is that a parcel is damaged.",
    IssueKind.lost: "The carrier says that a parcel is lost, or has said nothing for so long that it must be.",
    IssueKind.returned_to_sender: "A parcel is on its way back to the shop, or has come back.",
    IssueKind.refund_overdue: "The customer's money has not come back in time.",
    IssueKind.disruption: "Staff has declared a disruption that concerns the order.",
}
"""What would have to be true, in words for people."""
LOOKS = {
    "not_nearly_sure": "so early, only who is nearly sure is warned",
    "decided_another_evening": "where the numbers say nothing, only the last look that gives the wanted lead warns",
    "concerns_others": "what is declared concerns other orders",
}
"""Of reasons that are not words enough."""


class Condition(Struct, frozen=True, kw_only=True):
    """One thing that must hold for an issue to open."""

    condition: str
    """Stable code."""
    reason: str | None
    """Why it does not hold, as a stable code; None where it holds."""
    words: str


class Look(Struct, frozen=True, kw_only=True):
    """What a look at a moment leads to: it opens the issue, or the first condition that does not hold prevents it."""

    at: datetime
    opens: bool
    reason: str
    words: str
    conditions: tuple[Condition, ...]
    """In the order in which they are asked, up to where the next question has no answer."""


class Explanation(Struct, frozen=True, kw_only=True):
    """Why an order has no issue of a kind, or that it has one."""

    order_id: str
    kind: IssueKind
    state: str
    """open, resolved (there was one) or not_opened."""
    issue_ids: tuple[str, ...]
    would_open_it: str
    now: Look
    last_look: Look | None
    """When somebody looked for this, with what was known then; None where nobody did, or where every fact is a look."""
    next_look: Look | None
    """When somebody looks next, and what comes of it if nothing happens until then."""


def looks_of(timeline: Timeline, rule: Rule) -> list[datetime]:
    """The moments whose numbers an explanation needs: the last look for this, and the next."""
    if rule.opens_at is None:
        return []
    return [looks[rule.opens_at] for looks in (timeline.woken_at, timeline.deadlines) if rule.opens_at in looks]


def explained(
    timeline: Timeline,
    rule: Rule,
    *,
    at: datetime,
    policy: Policy,
    erased_at: datetime | None,
    mornings: Mornings,
    declared: Book = NOTHING_DECLARED,
) -> Explanation:
    """Why there is no issue of the rule's kind, by all that is known at `at`.

    `mornings` has what held at the moments of `looks_of`, as far as it is known for those to come.
    """
    looking = _Looking(timeline, rule, policy, erased_at, mornings, declared)
    issues = [issue for issue in timeline.issues.values() if issue.kind == rule.kind]
    looked_at = rule.opens_at and timeline.woken_at.get(rule.opens_at)
    return Explanation(
        order_id=timeline.order_id,
        kind=rule.kind,
        state="open" if any(issue.is_open for issue in issues) else "resolved" if issues else "not_opened",
        issue_ids=tuple(issue.issue_id for issue in issues),
        would_open_it=OPENED_BY[rule.kind],
        now=looking.at(at, looked=rule.opens_at is None),
        last_look=looking.at(looked_at, looked=True) if looked_at else None,
        next_look=looking.next(),
    )


class _Looking:
    """A timeline as one rule sees it, at any moment of its past or future."""

    def __init__(
        self,
        timeline: Timeline,
        rule: Rule,
        policy: Policy,
        erased_at: datetime | None,
        mornings: Mornings,
        declared: Book,
    ) -> None:
        self._timeline = timeline
        self._rule = rule
        self._policy = policy
        self._erased_at = erased_at
        self._mornings = mornings
        self._declared = declared

    def at(self, moment: datetime, *, looked: bool) -> Look:
        """What a review finds then; `looked`: whether it looks for this kind at all."""
        conditions = tuple(self._conditions(moment, looked=looked))
        missing = next((condition for condition in conditions if condition.reason), None)
        return Look(
            at=moment,
            opens=missing is None,
            reason=(missing.reason if missing else None) or "opens",
            words=missing.words if missing else "Nothing prevents it.",
            conditions=conditions,
        )

    def next(self) -> Look | None:
        """Of the moments at which somebody will look for this, the first that opens it, or else the first."""
        wanted = self._rule.opens_at
        moments = [due_at for kind, due_at in self._timeline.deadlines.items() if wanted in (None, kind)]
        looks = [self.at(moment, looked=True) for moment in sorted(moments)]
        return next((look for look in looks if look.opens), looks[0] if looks else None)

    @property
    def _looks_next_at(self) -> datetime | None:
        return self._timeline.deadlines.get(self._rule.opens_at) if self._rule.opens_at else None

    def _conditions(self, at: datetime, *, looked: bool) -> Iterator[Condition]:
        entries = tuple(entry for entry in self._timeline.entries if entry.detected_at <= at)
        judged_at = at if looked else self._looks_next_at or at
        picture = Picture(
            entries,
            shop_zone=self._policy.shop_zone,
            snapshot=self._mornings.at(judged_at),
            disruptions=self._declared.at(judged_at),
        )
        yield _order_known(picture)
        if picture.placed is None:
            return
        issues = self._issues_before(at)
        shown = list(self._rule.shown(picture, judged_at, self._policy))
        fresh = [trouble for trouble in shown if self._as_issue(picture, at, trouble).issue_id not in issues]
        if not any(issue.is_open and issue.kind == self._rule.kind for issue in issues.values()):
            yield self._shown(picture, at, shown, looked=looked)
        yield _not_opened_before(self._rule.kind, shown, fresh, list(issues.values()))
        yield self._not_healed([self._as_issue(picture, at, trouble) for trouble in fresh], picture)
        yield _not_erased(erased=self._erased_at is not None and self._erased_at <= at)
        yield self._loudest([issue for issue in issues.values() if issue.is_open], fresh)
        yield self._looked_for(looked=looked)

    def _issues_before(self, at: datetime) -> dict[str, Issue]:
        """As a review at `at` finds them: without what it opens itself."""
        return {
            issue.issue_id: _as_of(issue, at)
            for issue in self._timeline.issues.values()
            if issue.opened_at < at or (issue.opened_at == at and issue.kind != self._rule.kind)
        }

    def _as_issue(self, picture: Picture, at: datetime, trouble: Trouble) -> Issue:
        promise = picture.counted_on
        return issue_of(
            trouble,
            customer_id=self._timeline.customer_id,
            order_id=self._timeline.order_id,
            at=at,
            promised_by=promise.ends_at if promise else None,
        )

    def _shown(self, picture: Picture, at: datetime, shown: Sequence[Trouble], *, looked: bool) -> Condition:
        if shown:
            so = "It is so" if looked else "If nothing happens before somebody looks, it will be so"
            return _holds("shown", f"{so}{_because(shown[0])}: {OPENED_BY[self._rule.kind]}")
        spared = self._rule.spared(picture, at, self._policy) if self._rule.spared and looked else None
        why = _because(spared) if spared else ""
        return _fails(
            "shown", spared.reason if spared else "not_shown", f"It is not so{why}: {OPENED_BY[self._rule.kind]}"
        )

    def _not_healed(self, fresh: Sequence[Issue], picture: Picture) -> Condition:
        cures = [self._rule.cured(picture, issue) for issue in fresh]
        if cures and cures[0] and all(cures):
            return _fails("not_healed", cures[0], f"It is healed already: {_in_words(cures[0])}.")
        return _holds("not_healed", "Nothing has healed it.")

    def _loudest(self, open_issues: Sequence[Issue], fresh: Sequence[Trouble]) -> Condition:
        kinds = {
            issue.kind for issue in open_issues if not fresh or not all(apart(issue, trouble) for trouble in fresh)
        }
        louder = min(kinds & (self._rule.absorbed_by | self._rule.silenced_by), default=None)
        if louder is not None:
            return _fails("nothing_says_more", louder, f"An open issue says more: {_in_words(louder)}.")
        return _holds("nothing_says_more", "No open issue says more than this one would.")

    def _looked_for(self, *, looked: bool) -> Condition:
        if looked:
            return _holds("looked_for", "This is a moment at which somebody looks for it.")
        looks_at = self._looks_next_at
        if looks_at is None:
            return _fails("looked_for", "nobody_looks", "Silence decides, and no moment is set to look at it.")
        return _fails("looked_for", "not_yet", f"Silence decides, and somebody looks at {looks_at.isoformat()}.")


def _order_known(picture: Picture) -> Condition:
    if picture.placed is None:
        return _fails("order_known", "order_unknown", "Others spoke of the order; it was not said itself yet.")
    return _holds("order_known", "The order itself was said.")


def _not_opened_before(
    kind: IssueKind, shown: Sequence[Trouble], fresh: Sequence[Trouble], issues: Sequence[Issue]
) -> Condition:
    if not fresh and any(issue.is_open and issue.kind == kind for issue in issues):
        return _fails("not_opened_before", "is_open", "There is one: it is open.")
    if shown and not fresh:
        return _fails("not_opened_before", "was_open", "There was one and it has ended; the same trouble opens once.")
    return _holds("not_opened_before", "It was not opened before.")


def _not_erased(*, erased: bool) -> Condition:
    if erased:
        return _fails("not_erased", "customer_erased", "The customer was erased: no issue is opened any more.")
    return _holds("not_erased", "The customer was not erased.")


def _as_of(issue: Issue, at: datetime) -> Issue:
    """The issue without an end that was still to come."""
    if issue.resolved_at is None or issue.resolved_at <= at:
        return issue
    return structs.replace(issue, resolution=None, resolved_at=None)


def _holds(condition: str, words: str) -> Condition:
    return Condition(condition=condition, reason=None, words=words)


def _fails(condition: str, reason: str, words: str) -> Condition:
    return Condition(condition=condition, reason=reason, words=words)


def _because(one: Trouble | Why) -> str:
    """What a decision has on record, or would have: its reason, its numbers and their day."""
    numbers = ", ".join(f"{name} {number}" for name, number in one.numbers.items())
    said = (LOOKS.get(one.reason) or _in_words(one.reason), numbers, one.snapshot and f"numbers of {one.snapshot}")
    return f" ({'; '.join(filter(None, said))})"


def _in_words(code: str) -> str:
    return code.replace("_", " ")
