"""Reports of the sender: many in one transaction, each with its own fate, and all part of the story they end."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.errors import NotFound, Rejected
from chassis.items import Command
from chassis.outcomes import Outcome
from chassis.runtime import Failed, Runtime
from contracts import Event
from notifier.app import application
from notifier.deliveries import Delivered, Result
from notifier.mail import Answer
from notifier.messages import Message
from notifier.reports import Reports
from notifier.settings import NotifierSettings
from notifier.store import take_ready
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import confirmed, hour, known
from tests.running import until

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(application, CLOCK="simulated")


def of(customer_id: str, event: Event[Any]) -> Event[Any]:
    """The same event of another customer, as part of that customer's own story."""
    story = f"story-of-{customer_id}"
    return replace(
        event, id=f"{customer_id}-{event.id}"[:255], correlation_id=story,
        traceparent=f"00-{TRACE}-b7ad6b7169203331-01", data=replace(event.data, customer_id=customer_id),
    )  # fmt: skip


async def in_hand(runtime: Runtime, customers: Sequence[str]) -> list[Message]:
    """One message each, taken by a sender."""
    events = [of(one, event) for one in customers for event in (known(), confirmed(10, order_id=f"of-{one}"))]
    folded = await runtime.fold(events, until=hour(11))
    assert not folded.refused
    assert isinstance(runtime.settings, NotifierSettings)
    async with runtime.transaction() as tx:
        return await take_ready(tx, 100, runtime.settings.lease)


def report(message: Message, result: Result = Result.accepted, **changes: Any) -> Command[Delivered]:
    data = Delivered(message_id=message.message_id, attempt=message.attempts, result=result)
    command = Command(
        id=f"report-{message.message_id}", at=hour(11), customer_id=message.customer_id, data=data, actor="notifier",
        correlation_id=message.correlation_id, traceparent=message.traceparent,
    )  # fmt: skip
    return replace(command, data=replace(data, **changes))


async def rows(runtime: Runtime, query: str) -> list[Any]:
    async with runtime.transaction() as tx:
        return list((await tx.execute(text(query))).scalars())


async def test_many_are_written_in_one_transaction(runtime: Runtime) -> None:
    messages = await in_hand(runtime, "abc")
    answers = await runtime.commands([report(message) for message in messages])
    assert all(isinstance(answer, Outcome) and answer.facts for answer in answers)
    assert await rows(runtime, "select state from messages") == ["sent"] * 3
    assert len(await rows(runtime, "select distinct cast(xmin as text) from messages")) == 1


async def test_one_that_is_refused_holds_up_nobody_and_may_come_again(runtime: Runtime) -> None:
    first, second = await in_hand(runtime, "ab")
    nothing = replace(report(first, message_id="nothing"), id="nothing")
    for answers in [await runtime.commands([nothing, report(first), report(second)]) for _ in range(2)]:
        assert isinstance(answers[0], NotFound)
        assert all(isinstance(answer, Outcome) for answer in answers[1:])
    assert await rows(runtime, "select state from messages") == ["sent"] * 2
    assert "nothing" not in await rows(runtime, "select command_id from commands")


async def test_nothing_is_written_of_refused_ones_alone(runtime: Runtime) -> None:
    nobody = Delivered(message_id="nothing", attempt=1, result=Result.accepted)
    with pytest.raises(NotFound):
        await runtime.command("nobody", nobody, actor="notifier")
    assert await rows(runtime, "select customer_id from customers") == []


async def test_the_same_twice_is_said_once(runtime: Runtime) -> None:
    (message,) = await in_hand(runtime, "a")
    first, second = await runtime.commands([report(message), report(message)])
    (third,) = await runtime.commands([report(message)])
    assert isinstance(first, Outcome)
    assert len(first.facts) == 1
    assert [isinstance(answer, Outcome) and answer.duplicate for answer in (second, third)] == [True, True]


async def test_one_that_cannot_be_saved_leaves_the_others_written(runtime: Runtime) -> None:
    messages = await in_hand(runtime, "abc")
    unsavable = report(messages[1], Result.refused, code="550 \x00")
    answers = await runtime.commands([report(messages[0]), unsavable, report(messages[2])])
    assert [isinstance(answer, Failed) for answer in answers] == [False, True, False]
    assert sorted(await rows(runtime, "select state from messages")) == ["sending", "sent", "sent"]


async def test_a_blocked_customers_report_waits_and_the_others_do_not(runtime: Runtime) -> None:
    messages = await in_hand(runtime, "ab")
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = now() where customer_id = 'a'"))
    answers = await runtime.commands([report(message) for message in messages])
    refused = {m.customer_id: a.code for m, a in zip(messages, answers, strict=True) if isinstance(a, Rejected)}
    assert refused == {"a": "behind_blocked"}


async def test_what_is_said_of_a_message_belongs_to_the_story_that_led_to_it(runtime: Runtime) -> None:
    (message,) = await in_hand(runtime, "a")
    assert isinstance(runtime.settings, NotifierSettings)
    async with Reports(runtime, runtime.settings) as reports:
        reports.add(message, Answer(Result.accepted))
    (headers,) = await rows(runtime, "select headers from outbox where headers like '%message-sent%'")
    said = dict(json.loads(headers))
    assert said["ce_correlationid"] == "story-of-a"
    assert said["ce_traceparent"].split("-")[1] == TRACE


async def test_reports_that_wait_together_are_written_together(runtime: Runtime) -> None:
    messages = await in_hand(runtime, [f"c{number}" for number in range(20)])
    assert isinstance(runtime.settings, NotifierSettings)
    async with Reports(runtime, runtime.settings) as reports:
        for message in messages:
            reports.add(message, Answer(Result.accepted))
    assert await rows(runtime, "select state from messages") == ["sent"] * 20
    assert len(await rows(runtime, "select distinct cast(xmin as text) from messages")) == 1


async def test_an_answer_is_written_down_while_others_are_waited_for(runtime: Runtime) -> None:
    (message,) = await in_hand(runtime, "a")
    assert isinstance(runtime.settings, NotifierSettings)
    async with Reports(runtime, runtime.settings) as reports:
        reports.add(message, Answer(Result.accepted))

        async def sent() -> bool:
            return await rows(runtime, "select state from messages") == ["sent"]

        await until(sent)


async def test_what_was_answered_is_written_down_though_the_rest_fails(runtime: Runtime) -> None:
    (message,) = await in_hand(runtime, "a")
    assert isinstance(runtime.settings, NotifierSettings)

    async def answer_one_and_fail() -> None:
        async with Reports(runtime, runtime.settings) as reports:
            reports.add(message, Answer(Result.accepted))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await answer_one_and_fail()
    assert await rows(runtime, "select state from messages") == ["sent"]


async def test_blocks_that_overlap_are_written_together(runtime: Runtime) -> None:
    first, second = await in_hand(runtime, "ab")
    assert isinstance(runtime.settings, NotifierSettings)
    reports = Reports(runtime, runtime.settings)
    async with reports:
        reports.add(first, Answer(Result.accepted))
        async with reports:
            reports.add(second, Answer(Result.accepted))
        assert await rows(runtime, "select state from messages") == ["sent"] * 2
        assert len(await rows(runtime, "select distinct cast(xmin as text) from messages")) == 1


async def test_whoever_waits_hears_of_what_could_not_be_written_also_before(runtime: Runtime) -> None:
    first, second = await in_hand(runtime, "ab")
    assert isinstance(runtime.settings, NotifierSettings)
    async with runtime.transaction() as tx:
        await tx.execute(text("alter table messages rename to gone"))
    reports, heard = Reports(runtime, runtime.settings), 0
    for message in (first, second):
        try:
            async with reports:
                reports.add(message, Answer(Result.accepted))
        except ProgrammingError:
            heard += 1
        async with runtime.transaction() as tx:
            await tx.execute(text("alter table if exists gone rename to messages"))
    assert heard == 2
    assert sorted(await rows(runtime, "select state from messages")) == ["sending", "sent"]
