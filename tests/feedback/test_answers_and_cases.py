"""What a customer answers, and who takes care of them when it is not good."""

import pytest

from chassis.errors import Conflict, NotFound, Rejected
from contracts.feedback import (
    CaseEscalated,
    CaseOpened,
    CaseResolved,
    Cohort,
    GoodwillRequested,
    ResponseReceived,
    SurveyKind,
)
from contracts.ids import derived_id
from feedback.answers import Answer
from feedback.cases import CASE_TARGET, ERASED, Resolve
from feedback.customers import CaseState, GoodwillState, InvitationState, invitation_id_of
from feedback.scores import Category, Tally, category_of
from tests.feedback.shop import ADA, Life, day, delivered, erased, granted, lived, refused, telling_failed

INVITATION = invitation_id_of("o1")
CASE = derived_id("case", "detractor", INVITATION)
REQUEST = derived_id("goodwill", CASE)


def asked() -> Life:
    return lived(delivered(), until=4)


def unhappy() -> Life:
    return asked().command(Answer(invitation_id=INVITATION, score=2, comment="Wet."), at=5)


def test_an_answer_is_said_with_score_and_cohort_and_without_words() -> None:
    life = asked().command(Answer(invitation_id=INVITATION, score=9, comment="Lovely, Ada"), at=5)
    assert life.said(ResponseReceived) == [
        ResponseReceived(
            customer_id=ADA, invitation_id=INVITATION, survey=SurveyKind.nps, order_id="o1", occurred_at=day(5),
            score=9, cohort=Cohort.clean,
        )
    ]  # fmt: skip
    assert life.explanations("answer") == [("answered", "promoter")]
    assert life.customer.invitations["o1"].state is InvitationState.answered
    assert "Lovely" not in repr((life.facts, life.decisions, life.customer))
    assert not life.customer.cases


@pytest.mark.parametrize(
    ("life", "at", "code"),
    [
        (asked().command(Answer(invitation_id=INVITATION, score=9), at=5), 6, "already_answered"),
        (asked(), 17, "invitation_expired"),
        (lived(delivered(), until=2), 2, "unknown_invitation"),
        (lived(until=2), 2, "unknown_invitation"),
        (lived(delivered(), erased(at=4), until=5), 5, "unknown_invitation"),
    ],
)
def test_an_invitation_takes_one_answer_in_its_time(life: Life, at: float, code: str) -> None:
    before = life.customer
    with pytest.raises(Rejected) as refusal:
        life.command(Answer(invitation_id=INVITATION, score=3), at=at)
    assert (refusal.value.code, life.customer) == (code, before)


@pytest.mark.parametrize(
    ("scores", "category"),
    [(range(7), Category.detractor), (range(7, 9), Category.passive), (range(9, 11), Category.promoter)],
)
def test_promoters_passives_and_detractors_are_where_everybody_has_them(scores: range, category: Category) -> None:
    assert {category_of(score) for score in scores} == {category}


@pytest.mark.parametrize(
    ("tally", "nps", "interval"),
    [
        (Tally(), None, None),
        (Tally(detractors=1), -100.0, (-98.5, 48.5)),
        (Tally(promoters=100), 100.0, (93.1, 100.0)),
        (Tally(promoters=50, passives=30, detractors=20), 30.0, (14.1, 44.2)),
        (Tally(promoters=1, detractors=1) + Tally(promoters=1), 33.3, (-51.3, 84.7)),
    ],
)
def test_the_score_says_how_far_it_can_be_trusted(
    tally: Tally, nps: float | None, interval: tuple[float, float] | None
) -> None:
    assert (tally.nps, tally.interval) == (nps, interval)


def test_an_unhappy_customer_gets_a_case_with_a_target() -> None:
    life = unhappy()
    assert life.said(CaseOpened) == [
        CaseOpened(
            customer_id=ADA, case_id=CASE, occurred_at=day(5), order_id="o1", cause="detractor", due_at=day(7)
        )
    ]  # fmt: skip
    assert life.explanations("case") == [("opened", "detractor")]


def test_a_case_that_nobody_resolves_escalates_once() -> None:
    life = unhappy().through(until=30)
    assert [(fact.case_id, fact.occurred_at) for fact in life.said(CaseEscalated)] == [(CASE, day(7))]
    assert life.customer.cases[CASE].state is CaseState.escalated


def test_a_resolved_case_does_not_escalate() -> None:
    life = unhappy().command(Resolve(case_id=CASE, resolution="Sent a dry one."), at=6).through(until=30)
    assert life.said(CaseEscalated) == []
    assert life.said(CaseResolved) == [
        CaseResolved(customer_id=ADA, case_id=CASE, occurred_at=day(6), order_id="o1", resolution="Sent a dry one.")
    ]
    assert life.said(GoodwillRequested) == []
    assert not life.deadlines


def test_a_deadline_that_comes_after_the_resolution_escalates_nothing() -> None:
    life = unhappy()
    due = life.deadlines[ADA, CASE_TARGET, CASE]
    life.command(Resolve(case_id=CASE, resolution="Called."), at=6)
    life.deadlines[ADA, CASE_TARGET, CASE] = due
    assert life.through(until=30).said(CaseEscalated) == []


def test_a_resolution_may_ask_loyalty_to_make_good_and_notes_the_answer() -> None:
    resolve = Resolve(case_id=CASE, resolution="Sorry.", goodwill_points=200)
    life = unhappy().command(resolve, at=6)
    [request] = life.said(GoodwillRequested)
    assert (request.request_id, request.case_id, request.points, request.reason) == (REQUEST, CASE, 200, "detractor")
    for answer, state in ((granted(REQUEST, at=7), GoodwillState.granted), (refused(REQUEST, at=7), "refused")):
        noted = unhappy().command(resolve, at=6).through(granted(None, at=6.5), answer, answer)
        goodwill = noted.customer.cases[CASE].goodwill
        assert goodwill is not None
        assert goodwill.state == state
        assert noted.duplicates == 1


def test_a_resolution_said_again_is_a_repetition_and_another_one_a_conflict() -> None:
    resolve = Resolve(case_id=CASE, resolution="Sorry.", goodwill_points=200)
    life = unhappy().command(resolve, at=6).command(resolve, at=6.5)
    assert (len(life.said(GoodwillRequested)), life.duplicates) == (1, 1)
    with pytest.raises(Conflict):
        life.command(Resolve(case_id=CASE, resolution="Sorry.", goodwill_points=900), at=7)
    with pytest.raises(NotFound):
        life.command(Resolve(case_id="nobody's", resolution="Sorry."), at=7)


def test_whom_nobody_could_tell_somebody_calls() -> None:
    life = lived(telling_failed(at=1), telling_failed(at=1), telling_failed("i2", at=2), until=2.5)
    assert [(fact.cause, fact.due_at) for fact in life.said(CaseOpened)] == [
        ("telling_failed", day(3)), ("telling_failed", day(4)),
    ]  # fmt: skip


def test_nobody_calls_a_person_who_is_forgotten() -> None:
    life = unhappy().through(erased(at=6), telling_failed(at=7), until=30)
    assert [fact.resolution for fact in life.said(CaseResolved)] == [ERASED]
    assert len(life.said(CaseOpened)) == 1
    assert life.said(CaseEscalated) == []
    assert not life.deadlines
