"""Cases: somebody takes care of a customer until it is good again, and a target says until when.

Owns the deadline `case_target` (subject: the case). Asks loyalty for goodwill and notes what it answers; grants
nothing itself.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chassis.errors import Conflict, NotFound
from chassis.items import Due
from chassis.outcomes import DUPLICATE, NOTHING, ClearDeadline, Decision, Outcome, SetDeadline
from contracts.feedback import CaseEscalated, CaseOpened, CaseResolved, GoodwillRequested
from contracts.ids import derived_id
from contracts.loyalty import GoodwillGranted, GoodwillRefused
from contracts.notifications import TellingFailed
from feedback.customers import Case, CaseCause, Customer, Goodwill, GoodwillState
from feedback.policy import Policy

CASE_TARGET = "case_target"
RULE = "case"
ERASED = "The customer asked to be forgotten."

Folded = tuple[Customer, Outcome]


class Resolve(Struct, frozen=True, kw_only=True):
    """Command: the care team says how a case ended, and whether points should make good."""

    case_id: str
    resolution: str
    goodwill_points: int | None = None


def open_case(
    customer: Customer, cause: CaseCause, about: str, order_id: str | None, now: datetime, policy: Policy
) -> Folded:
    """One case per cause and thing it is `about` (an invitation, an issue, an answer), however often it is heard."""
    case_id = case_id_of(cause, about)
    if case_id in customer.cases:
        return customer, DUPLICATE
    case = Case(case_id=case_id, cause=cause, order_id=order_id, opened_at=now, due_at=now + policy.case_target)
    opened = CaseOpened(
        customer_id=customer.customer_id,
        case_id=case_id,
        occurred_at=now,
        order_id=order_id,
        cause=cause,
        due_at=case.due_at,
    )
    return customer.with_case(case), Outcome(
        rows=(case,),
        facts=(opened,),
        deadlines=(SetDeadline(CASE_TARGET, case_id, case.due_at),),
        decisions=(Decision(subject=case_id, rule=RULE, outcome="opened", reason=cause, detail={"about": about}),),
    )


def case_id_of(cause: CaseCause, about: str) -> str:
    """The one case of that cause about that."""
    return derived_id(RULE, cause, about)


def on_telling_failed(customer: Customer, fact: TellingFailed, now: datetime, policy: Policy) -> Folded:
    """Nobody could be told in time: somebody should call. A person who is forgotten cannot be called."""
    if customer.erased_at is not None:
        return customer, NOTHING
    return open_case(customer, CaseCause.telling_failed, fact.issue_id, fact.order_id, now, policy)


def on_target_passed(customer: Customer, due: Due) -> Folded:
    """Escalates once; a case that was resolved meanwhile is left alone."""
    case = customer.cases.get(due.subject)
    if case is None or case.resolved_at is not None or case.escalated_at is not None:
        return customer, NOTHING
    escalated = replace(case, escalated_at=due.at)
    fact = CaseEscalated(
        customer_id=customer.customer_id,
        case_id=case.case_id,
        occurred_at=due.at,
        order_id=case.order_id,
        due_at=case.due_at,
    )
    decision = Decision(subject=case.case_id, rule=RULE, outcome="escalated", reason="target_passed")
    return customer.with_case(escalated), Outcome(rows=(escalated,), facts=(fact,), decisions=(decision,))


def on_resolve(customer: Customer, command: Resolve, now: datetime) -> Folded:
    """Said again in the same words it is a repetition; in other words a `Conflict` (already_resolved)."""
    case = customer.cases.get(command.case_id)
    if case is None:
        raise NotFound("unknown_case", f"There is no case {command.case_id}.")
    if case.resolved_at is not None:
        return customer, _repeated(case, command)
    return _resolved(customer, case, command, now, reason="cared_for")


def after_erasure(customer: Customer, now: datetime) -> Folded:
    """Nobody can call somebody who is forgotten: what is open ends."""
    outcome = NOTHING
    for case_id, case in sorted(customer.cases.items()):
        if case.resolved_at is None:
            ending = Resolve(case_id=case_id, resolution=ERASED)
            customer, ended = _resolved(customer, case, ending, now, reason="erased")
            outcome += ended
    return customer, outcome


def on_goodwill_answered(customer: Customer, fact: GoodwillGranted | GoodwillRefused) -> Folded:
    """Notes on the case what loyalty made of its request; goodwill that no case asked for is none of ours."""
    for case in customer.cases.values():
        if case.goodwill is not None and case.goodwill.request_id == fact.request_id:
            return _noted(customer, case, case.goodwill, fact)
    return customer, NOTHING


def _noted(customer: Customer, case: Case, goodwill: Goodwill, fact: GoodwillGranted | GoodwillRefused) -> Folded:
    if goodwill.state is not GoodwillState.requested:
        return customer, DUPLICATE
    state = GoodwillState.granted if isinstance(fact, GoodwillGranted) else GoodwillState.refused
    noted = replace(case, goodwill=replace(goodwill, state=state, reason=fact.reason))
    return customer.with_case(noted), Outcome(rows=(noted,))


def _repeated(case: Case, command: Resolve) -> Outcome:
    points = case.goodwill.points if case.goodwill is not None else None
    if (command.resolution, command.goodwill_points) == (case.resolution, points):
        return DUPLICATE
    raise Conflict("already_resolved", f"Case {case.case_id} was resolved before, in other words.")


def _resolved(customer: Customer, case: Case, command: Resolve, now: datetime, reason: str) -> Folded:
    goodwill = _goodwill(case, command.goodwill_points)
    resolved = replace(case, resolved_at=now, resolution=command.resolution, goodwill=goodwill)
    fact = CaseResolved(
        customer_id=customer.customer_id,
        case_id=case.case_id,
        occurred_at=now,
        order_id=case.order_id,
        resolution=command.resolution,
    )
    outcome = Outcome(
        rows=(resolved,),
        facts=(fact,),
        deadlines=(ClearDeadline(CASE_TARGET, case.case_id),),
        decisions=(Decision(subject=case.case_id, rule=RULE, outcome="resolved", reason=reason),),
    )
    if goodwill is not None:
        outcome += Outcome(facts=(_request(customer, resolved, goodwill, now),))
    return customer.with_case(resolved), outcome


def _goodwill(case: Case, points: int | None) -> Goodwill | None:
    if points is None:
        return None
    request_id = derived_id("goodwill", case.case_id)
    return Goodwill(request_id=request_id, points=points, state=GoodwillState.requested)


def _request(customer: Customer, case: Case, goodwill: Goodwill, now: datetime) -> GoodwillRequested:
    return GoodwillRequested(
        customer_id=customer.customer_id,
        request_id=goodwill.request_id,
        case_id=case.case_id,
        order_id=case.order_id,
        occurred_at=now,
        points=goodwill.points,
        reason=case.cause,
    )
