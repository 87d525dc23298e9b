"""The issue that a declared disruption is: what shows it, what ends it, and who is not concerned.

Owns its words for rules.py. What was declared and whom it concerns stand in declarations.py and traits.py.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.vocabulary import IssueKind
from orders_listener.disruptions.declarations import Standing
from orders_listener.disruptions.traits import traits_of
from orders_listener.issues import Issue, Trouble, Why
from orders_listener.pictures import Picture
from orders_listener.policy import Policy

THE_END = "The end of this disruption"
CONCERNS_OTHERS = Why(reason="concerns_others", on_record=False)
NOTHING_SAID = Why(reason="nothing_declared", on_record=False)


def disruption(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
    """One for each declaration that concerns the order; its subject is the declaration, so it opens once."""
    for standing in _concerning(picture):
        if standing.opens:
            declared, said = standing.disruption, standing.statement
            yield Trouble(
                kind=IssueKind.disruption,
                subject=declared.disruption_id,
                severity=said.severity,
                reason="declared",
                known=said.known,
                expected_next=said.expected_next or (THE_END if said.expected_end_at else None),
                expected_by=said.expected_end_at,
                evidence={"disruption_id": declared.disruption_id, "since": declared.begins_at.isoformat()},
                actor=declared.declared.actor,
            )


def disruption_over(picture: Picture, issue: Issue) -> bool:
    """It was said to be over, or the order is not concerned any more."""
    return all(one.disruption.disruption_id != issue.subject or not one.lasts for one in _concerning(picture))


def why_over(picture: Picture, issue: Issue) -> Why:
    """`ended` or `withdrawn` and by whom, or `not_concerned_any_more`."""
    named = (one.statement for one in picture.disruptions if one.disruption.disruption_id == issue.subject)
    said = next(named, None)
    if said is None or said.over is None:
        return Why(reason="not_concerned_any_more")
    return Why(reason=said.over, actor=said.actor)


def unconcerned(picture: Picture, _at: datetime, _policy: Policy) -> Why:
    """Why nothing is shown, for whoever asks; nobody puts it on record."""
    return CONCERNS_OTHERS if any(one.opens for one in picture.disruptions) else NOTHING_SAID


def _concerning(picture: Picture) -> Iterator[Standing]:
    return (one for one in picture.disruptions if one.disruption.concern.traits <= traits_of(picture))
