"""What courtesy remembers, on a real database: between batches, between workers, and through the mail server."""

from typing import Any

import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import IssueKind, Severity
from notifier.app import application
from notifier.sender import Sender
from tests.conftest import ClientOf, RuntimeOf
from tests.notifier.correspondent import ADA, earned, erased, hour, known, opened, resolved, survey
from tests.notifier.postbox import Postbox

MINUTE = 1 / 60


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    return await runtime_of(application, CLOCK="simulated", SMTP_PORT=str(postbox.port), SMTP_TIMEOUT_S="5")


async def fold(runtime: Runtime, *events: Any, until: float) -> None:
    folded = await runtime.fold(list(events), until=hour(until))
    assert not folded.refused


async def found(runtime: Runtime, query: str) -> list[tuple[Any, ...]]:
    async with runtime.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text(query))]


STATES = "select state, reason from messages where kind = 'issue_opened' order by issue_id"


async def test_what_was_said_counts_in_the_next_batch_and_after_it_was_sent(runtime: Runtime, sender: Sender) -> None:
    await fold(runtime, known(), until=9)
    for number in range(3):
        await fold(runtime, earned(10 + number, order_id=f"o{number}"), until=10.5 + number)
        await sender.send_ready()
    rows = await found(runtime, "select state, reason, held_until from messages order by intended_at")
    assert rows == [("sent", None, None), ("sent", None, None), ("held", "cap_reached", hour(32))]
    await fold(runtime, until=33)
    assert await sender.send_ready() == 1


async def test_two_issues_are_one_mail_and_both_are_told(
    runtime: Runtime, sender: Sender, postbox: Postbox, client_of: ClientOf
) -> None:
    await fold(runtime, known(), opened(10), until=10 + MINUTE)
    await fold(runtime, opened(10 + 2 * MINUTE, IssueKind.lost, severity=Severity.critical, order_id="o2"), until=11)
    assert await found(runtime, STATES) == [("joined", "told_together"), ("ready", None)]
    assert await sender.send_ready() == 1
    assert await found(runtime, STATES) == [("sent", None), ("sent", None)]
    body: Any = postbox.mails[0].get_body(("plain",))
    assert [
        body.get_content().count(news) for news in ("reports that your parcel is lost", "should have arrived by now")
    ] == [1, 1]
    assert len(await found(runtime, "select 1 from outbox where headers like '%message-sent%'")) == 2
    client = await client_of(runtime)
    told = (await client.get("/v1/told")).json()
    assert (told["issues"], told["told"], told["told_in_time"]) == (2, 2, 2)
    shown = (await client.get("/v1/messages", params={"customer_id": ADA})).json()["data"]
    assert sorted(bool(message["inside"]) for message in shown) == [False, True]


async def test_what_was_put_off_with_others_comes_back_from_the_database_with_them(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    postbox.answers = ["451 4.3.0 Not now"]
    await fold(runtime, known(), opened(10), opened(10, IssueKind.lost, order_id="o2"), until=10.2)
    assert await sender.send_ready() == 1
    assert await found(runtime, STATES) == [("held", "deferred")] * 2
    await fold(runtime, until=12)
    assert await sender.send_ready() == 1
    assert await found(runtime, STATES) == [("sent", None)] * 2


async def test_a_decision_says_its_numbers_and_what_would_have_changed_it(
    runtime: Runtime, client_of: ClientOf
) -> None:
    await fold(runtime, known(), *(earned(10, order_id=f"o{number}") for number in range(3)), until=11)
    client = await client_of(runtime)
    decisions = (await client.get(f"/v1/customers/{ADA}/decisions")).json()["data"]
    held = next(decision for decision in decisions if decision["outcome"] == "held")
    detail = held["detail"]
    assert (held["reason"], held["version"], detail["period"], detail["limit"]) == ("cap_reached", "1", "day", 2)
    assert detail["remedy"].startswith("It goes out in the customer's next day or week")


async def test_who_is_erased_leaves_no_trace_of_what_was_said(runtime: Runtime) -> None:
    await fold(runtime, known(), opened(10), survey(9), resolved(20), erased(40), until=50)
    assert await found(runtime, "select document from circumstances") == [({},)]
