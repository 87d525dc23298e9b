"""What customers answer to our messages is read by somebody, beside what they had been told."""

import httpx

from chassis.runtime import Runtime
from contracts.feedback import CaseOpened
from feedback.cases import Resolve, case_id_of
from feedback.customers import CaseCause
from tests.feedback.shop import Life, contacted, day, erased, replied, telling_failed
from tests.running import rows

CASE = case_id_of(CaseCause.reply, "c1")


def test_an_answer_opens_a_case_and_further_ones_go_to_it() -> None:
    life = Life().through(replied(at=1), replied("c2", at=1.1), replied("c3", at=1.2, order_id="o2"))
    assert [(fact.case_id, fact.order_id, fact.cause) for fact in life.said(CaseOpened)] == [
        (CASE, "o1", "reply"), (case_id_of(CaseCause.reply, "c3"), "o2", "reply"),
    ]  # fmt: skip


def test_it_goes_to_the_case_that_somebody_has_already() -> None:
    life = Life().through(telling_failed(at=1), replied(at=1.1))
    assert [fact.cause for fact in life.said(CaseOpened)] == ["telling_failed"]


def test_after_a_case_is_resolved_an_answer_opens_another() -> None:
    life = Life().through(replied(at=1))
    life.command(Resolve(case_id=CASE, resolution="Called."), at=2)
    life.through(replied("c2", at=3))
    assert [fact.case_id for fact in life.said(CaseOpened)] == [CASE, case_id_of(CaseCause.reply, "c2")]


def test_what_was_written_to_the_shop_otherwise_opens_none() -> None:
    assert Life().through(contacted(at=1)).said(CaseOpened) == []


async def test_the_case_shows_the_words_and_what_they_had_been_told(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    assert not (await runtime.fold([replied(at=1), replied("c2", at=2, words="Hello?")], until=day(2))).refused
    answer = (await client.get(f"/v1/cases/{CASE}")).json()
    assert [one["text"] for one in answer["writings"]] == ["Where is it?", "Hello?"]
    first = answer["writings"][0]
    assert (first["topic"], first["by_addressee"], first["in_reply_to"]) == ("delivery_late", True, "m1")
    assert (first["story"]["stage"], first["story"]["issues"][0]["known"]) == ("shipped", "It is late.")


async def test_the_words_are_forgotten_with_the_customer_and_later_ones_are_not_kept(runtime: Runtime) -> None:
    events = [replied(at=1), erased(at=2), replied("c2", at=3)]
    assert not (await runtime.fold(events, until=day(4))).refused
    assert [row["text"] for row in await rows(runtime, "select text from writings")] == [None]
