"""When a customer is asked how it went, and why a survey waits."""

from typing import Any

import pytest

from contracts import Event
from contracts.feedback import Cohort, SurveyDue, SurveyKind
from feedback.customers import InvitationState, invitation_id_of
from feedback.eligibility import Reason, Verdict, decide
from feedback.surveys import SURVEY
from tests.feedback.shop import (
    ADA,
    POLICY,
    Life,
    cancelled,
    confirmed,
    contacted,
    day,
    delivered,
    erased,
    lived,
    opened,
    refunded,
    resolved,
    sent,
)


def test_a_customer_is_asked_three_days_after_delivery_and_has_two_weeks_to_answer() -> None:
    life = lived(confirmed(), delivered(), until=3.1)
    assert life.said(SurveyDue) == [
        SurveyDue(
            customer_id=ADA, invitation_id=invitation_id_of("o1"), survey=SurveyKind.nps, order_id="o1",
            occurred_at=day(3), expires_at=day(17),
        )
    ]  # fmt: skip
    assert life.explanations() == [("asked", "eligible")]


def test_nobody_is_asked_before_the_delay_is_over() -> None:
    life = lived(delivered(), until=3)
    assert life.asked() == {}
    assert life.customer.invitations["o1"].state is InvitationState.planned


HELD, NOT_ASKED, ASKED = "held", "not_asked", ("asked", "eligible")


@pytest.mark.parametrize(
    ("story", "asked_on", "explained"),
    [
        ([opened(at=1), resolved(at=5)], 7, [(HELD, "issue_open"), ASKED]),
        ([opened(at=1), resolved(at=2)], 4, [(HELD, "issue_just_resolved"), ASKED]),
        ([opened(at=1), resolved(at=1.0)], 3, [ASKED]),
        ([opened("another", at=2), resolved("another", at=9)], 11, [(HELD, "issue_open"), ASKED]),
        ([opened(at=1)], None, [(HELD, "issue_open"), (NOT_ASKED, "expired")]),
        ([opened(at=1), resolved(at=28.5)], None, [(HELD, "issue_open"), (NOT_ASKED, "expired")]),
        ([contacted(at=2)], 4, [(HELD, "contacted"), ASKED]),
        ([contacted(at=0.9)], 3, [ASKED]),
        ([contacted(at=2), contacted("c2", at=3.5)], 5.5, [(HELD, "contacted"), ASKED]),
        ([contacted(at=2), opened(at=3.5), resolved(at=6)], 8, [(HELD, "contacted"), (HELD, "issue_open"), ASKED]),
        ([opened(at=1), opened(issue_id="i2", at=2), resolved(at=4), resolved(issue_id="i2", at=5)], 7,
         [(HELD, "issue_open"), ASKED]),
        ([cancelled(at=2)], None, [(NOT_ASKED, "cancelled")]),
        ([refunded(at=2)], None, [(NOT_ASKED, "refunded")]),
        ([refunded(at=1, amount_minor=2_000), refunded(refund_id="r2", at=2, amount_minor=3_000)], None,
         [(NOT_ASKED, "refunded")]),
        ([refunded(at=2, amount_minor=4_999)], 3, [ASKED]),
        ([refunded(at=4)], 3, [ASKED]),
        ([opened(at=1), cancelled(at=5), resolved(at=6)], None, [(HELD, "issue_open"), (NOT_ASKED, "cancelled")]),
        ([erased(at=2)], None, [(NOT_ASKED, "erased")]),
        ([opened(at=1), erased(at=5)], None, [(HELD, "issue_open"), (NOT_ASKED, "erased")]),
    ],
)  # fmt: skip
def test_a_survey_waits_for_its_reason_and_no_longer(
    story: list[Event[Any]], asked_on: float | None, explained: list[tuple[str, str]]
) -> None:
    life = lived(confirmed(), delivered(), *story, until=60)
    assert life.asked() == ({} if asked_on is None else {"o1": day(asked_on)})
    assert life.explanations() == explained
    assert not life.deadlines, "what is settled leaves no wake-up call"


def test_a_customer_is_asked_once_in_ninety_days() -> None:
    stories = [confirmed("o2"), delivered("o2", at=40), delivered("o3", at=89.9), delivered("o4", at=90)]
    life = lived(confirmed(), delivered(), *stories, until=200)
    assert life.asked() == {"o1": day(3), "o4": day(93)}
    assert life.explanations() == [ASKED, (NOT_ASKED, "cooldown"), (NOT_ASKED, "cooldown"), ASKED]


@pytest.mark.parametrize("heard", [[], [sent(invitation_id_of("o1"), at=3.2)], [sent(invitation_id_of("o1"), at=60)]])
def test_the_next_question_does_not_depend_on_what_is_heard_of_the_mail(heard: list[Event[Any]]) -> None:
    life = lived(delivered("o1"), *heard, delivered("o2", at=40), until=100)
    assert life.explanations() == [ASKED, (NOT_ASKED, "cooldown")]


def test_of_two_orders_delivered_together_one_is_asked_about() -> None:
    life = lived(delivered("o1"), delivered("o2"), until=10)
    assert life.asked() == {"o1": day(3)}
    assert life.explanations() == [ASKED, (NOT_ASKED, "cooldown")]


def test_a_delivery_heard_of_late_is_never_asked_about_in_the_past() -> None:
    assert lived(delivered(at=0, heard=10), until=20).asked() == {"o1": day(10)}
    assert lived(delivered(at=0, heard=31), until=40).explanations() == [(NOT_ASKED, "expired")]


def test_a_delivery_heard_after_the_erasure_is_not_asked_about() -> None:
    life = lived(erased(at=0), delivered(at=1), until=20)
    assert life.explanations() == [(NOT_ASKED, "erased")]
    assert not life.deadlines


@pytest.mark.parametrize(
    ("story", "cohort"),
    [
        ([delivered()], Cohort.clean),
        ([opened(at=-2), resolved(at=-1), delivered()], Cohort.issue),
        ([opened(at=-2), resolved(at=-1), delivered(late=True)], Cohort.late),
        ([delivered(late=True)], Cohort.late),
        ([opened("another", at=-5), resolved("another", at=-4), delivered()], Cohort.clean),
        ([delivered(), opened(at=4)], Cohort.clean),
    ],
)
def test_the_cohort_is_what_the_customer_went_through_before_being_asked(
    story: list[Event[Any]], cohort: Cohort
) -> None:
    assert lived(*story, until=10).customer.invitations["o1"].cohort is cohort


def test_repetitions_are_recognised_by_state() -> None:
    events = [confirmed(), delivered(), opened(at=1), resolved(at=2), refunded(at=2, amount_minor=1), contacted(at=1)]
    events += [cancelled(at=50), erased(at=51)]
    life = lived(*events, until=60)
    facts, decisions = list(life.facts), list(life.decisions)
    life.take(events, before=day(61))
    assert life.duplicates == len(events)
    assert (life.facts, life.decisions) == (facts, decisions)


def test_a_timeline_may_begin_with_any_fact() -> None:
    for event in (opened(at=1), resolved(at=1), refunded(at=1), cancelled(at=1), contacted(at=1), sent("x", at=1)):
        assert lived(event, until=40).facts == []
    assert lived(resolved(at=2), delivered(), until=10).asked() == {"o1": day(4)}


def test_somebody_who_writes_every_hour_does_not_grow_for_ever() -> None:
    hourly = [contacted(f"c{hour}", at=hour / 24) for hour in range(100)]
    life = lived(delivered(), *hourly, until=10)
    assert list(life.customer.contacts) == [f"c{hour}" for hour in range(50, 100)]
    assert life.asked() == {"o1": day(99 / 24 + 2)}


def test_sent_is_kept_apart_from_asked() -> None:
    life = lived(delivered(), sent(invitation_id_of("o1"), at=3.2), sent(None, at=3.3), until=10)
    invitation = life.customer.invitations["o1"]
    assert (invitation.asked_at, invitation.sent_at) == (day(3), day(3.2))


def test_a_deadline_that_comes_late_knows_what_was_known_then() -> None:
    """The worker folded later facts first; the survey of day 3 is decided as on day 3."""
    life = Life().take([delivered(), opened(at=3.5), resolved(at=6)], before=day(0))
    assert life.take([], before=day(10)).asked() == {"o1": day(3)}


def test_why_not_is_answered_for_every_order_and_moment() -> None:
    customer = lived(confirmed(), delivered(), opened(at=1), until=2).customer
    assert decide(customer, "unknown", day(2), POLICY).reason is Reason.not_delivered
    early = decide(customer, "o1", day(0.5), POLICY)
    assert (early.verdict, early.reason, early.until) == (Verdict.held, Reason.too_early, day(3))
    waiting = decide(customer, "o1", day(4), POLICY)
    assert (waiting.verdict, waiting.reason, waiting.until) == (Verdict.held, Reason.issue_open, day(30))


def test_a_survey_that_is_cleared_or_unknown_wakes_nobody() -> None:
    life = lived(delivered(), until=1)
    due = life.deadlines[ADA, SURVEY, "o1"]
    settled = lived(delivered(), until=10)
    settled.deadlines[ADA, SURVEY, "o1"] = due
    assert settled.take([], before=day(20)).explanations() == [ASKED]
