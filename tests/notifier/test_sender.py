"""From the decision to the mail server and back, on a real database and a real SMTP server."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import IssueKind
from notifier import store
from notifier.app import application
from notifier.handing_store import begin, taking_at
from notifier.sender import Sender
from notifier.settings import NotifierSettings
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, confirmed, earned, hour, known, opened, shipped, survey, tier
from tests.notifier.postbox import Postbox
from tests.running import until

LEASE = timedelta(seconds=5)


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    """Simulated time, so that what is sent at ten in the test is sent at ten."""
    return await runtime_of(
        application, CLOCK="simulated", SMTP_PORT=str(postbox.port), SMTP_TIMEOUT_S="5", NOTIFIER_LEASE_S="60",
        NOTIFIER_SHOP_NAME="Corner & Co",
    )  # fmt: skip


async def states(runtime: Runtime) -> dict[str, str]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select kind, state from messages"))
        return {row.kind: row.state for row in rows}


async def published(runtime: Runtime) -> list[str]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select headers from outbox order by outbox_id"))
        types = ["message-sent", "message-held", "message-suppressed", "message-failed", "telling-failed"]
        return [name for row in rows for name in types if name in row.headers]


async def ready(runtime: Runtime, *events: Any) -> None:
    folded = await runtime.fold([known(), *events], until=hour(11))
    assert not folded.refused


async def test_a_decided_message_is_mailed_and_said_to_be_sent(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, confirmed(10))
    assert await sender.send_ready() == 1
    assert postbox.recipients == ["ada@example.org"]
    assert postbox.mails[0]["Date"].datetime == hour(10)
    assert await states(runtime) == {"order_confirmed": "sent"}
    assert await published(runtime) == ["message-sent"]
    assert await sender.send_ready() == 0


async def test_what_was_told_in_a_forgotten_past_is_said_to_be_sent_then_and_mailed_to_nobody(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, confirmed(10))
    async with runtime.transaction() as tx:
        row = await tx.execute(text("select message_id from messages"))
        await store.remember_told(tx, {row.scalar_one(): hour(10.5)})

    assert await sender.send_ready() == 1
    assert postbox.recipients == []
    assert (await states(runtime), await published(runtime)) == ({"order_confirmed": "sent"}, ["message-sent"])
    async with runtime.transaction() as tx:
        assert (await tx.execute(text("select at from commands"))).scalar_one() == hour(10.5)


async def test_what_is_ready_at_the_same_moment_leaves_in_the_order_in_which_it_makes_sense(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, tier(10), earned(10), shipped(10), confirmed(10))
    assert await sender.send_ready() == 4
    assert [mail["Subject"] for mail in postbox.mails] == [
        "Thank you for your order",
        "Your order is on its way",
        "Your order earned 59 points",
        "You have reached silver",
    ]


async def test_what_went_wrong_leaves_first_whoever_it_is_for(
    runtime: Runtime, sender: Sender, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.providers.outlets.MOST_AT_ONCE", 2)
    await ready(runtime, earned(9), survey(9), confirmed(9.5))
    bob = [replace(one, id=f"bob-{one.id}", data=replace(one.data, customer_id="bob")) for one in (known(), opened(10))]
    assert not (await runtime.fold(bob, until=hour(11))).refused
    assert await sender.send_ready() == 2
    assert [mail["Subject"] for mail in postbox.mails] == ["Your order is late", "Thank you for your order"]
    assert await sender.send_ready() == 2


async def test_the_next_mail_leaves_while_the_last_one_ends_but_never_before_one_to_the_same_customer(
    runtime: Runtime, sender: Sender, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.providers.outlets.MOST_AT_ONCE", 1)
    said = (known(email="bob@example.org"), confirmed(9))
    bob = [replace(one, id=f"bob-{one.id}", data=replace(one.data, customer_id="bob")) for one in said]
    assert not (await runtime.fold(bob, until=hour(9))).refused
    await ready(runtime, confirmed(9), earned(9.5))
    postbox.delay_s = 1.0
    sending = [asyncio.create_task(sender.send_ready()) for _ in range(3)]
    await until(lambda: asyncio.sleep(0, bool(postbox.sessions)))
    await asyncio.sleep(0.2)
    postbox.delay_s = 0.0
    assert await asyncio.gather(*sending) == [1, 1, 1]
    to_ada = [mail["Subject"] for mail in postbox.mails if "ada@" in mail["To"]]
    assert to_ada == ["Thank you for your order", "Your order earned 59 points"]
    assert len(postbox.sessions) > 1, "the second one did not wait for the first"


@pytest.mark.parametrize("days", [2, 14, 30])
async def test_the_survey_link_opens_this_invitation_for_this_customer_as_long_as_it_may_be_answered(
    runtime: Runtime, sender: Sender, postbox: Postbox, days: int
) -> None:
    await ready(runtime, survey(10, expires=days * 24))
    await sender.send_ready()
    body: Any = postbox.mails[0].get_body(("plain",))
    token = next(line for line in body.get_content().split() if "/s/" in line).rpartition("/")[2]
    claims = runtime.links.verify(token, purpose="survey")
    assert (claims.subject, claims.customer_id, claims.expires_at) == ("i1", ADA, hour(10 + days * 24))


async def test_many_mails_share_few_connections(runtime: Runtime, sender: Sender, postbox: Postbox) -> None:
    await ready(runtime, *(confirmed(10, order_id=f"o{number}") for number in range(30)))
    await sender.send_ready()
    assert len(postbox.mails) == 30
    assert len(postbox.sessions) == 1  # one customer's mails go one after the other


@pytest.mark.parametrize("answer", ["450 4.2.1 Not now", "rcpt 451 4.3.0 Later"])
async def test_not_now_is_tried_again_later(runtime: Runtime, sender: Sender, postbox: Postbox, answer: str) -> None:
    postbox.answers = [answer]
    await ready(runtime, confirmed(10))
    await sender.send_ready()
    assert await states(runtime) == {"order_confirmed": "held"}
    await runtime.fold([], until=hour(11))
    assert await sender.send_ready() == 1
    assert await states(runtime) == {"order_confirmed": "sent"}
    assert await published(runtime) == ["message-held", "message-sent"]


@pytest.mark.parametrize("answer", ["554 5.7.1 No", "rcpt 550 5.1.1 ada@example.org is unknown"])
async def test_never_is_the_end_of_it_and_the_address_stays_here(
    runtime: Runtime, sender: Sender, postbox: Postbox, answer: str
) -> None:
    postbox.answers = [answer]
    await ready(runtime, confirmed(10))
    await sender.send_ready()
    assert await states(runtime) == {"order_confirmed": "failed"}
    async with runtime.transaction() as tx:
        said = [row.value.decode() for row in await tx.execute(text("select value from outbox"))]
        decided = [str(row.detail) for row in await tx.execute(text("select detail from decisions"))]
    assert len(said) == 1
    assert "example.org" not in str(said + decided)


async def test_after_a_lost_answer_only_an_issue_is_said_again_under_the_same_name(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    postbox.answers = ["swallow", "swallow"]
    await ready(runtime, confirmed(9), opened(10, IssueKind.item_missing))
    await sender.send_ready()
    await runtime.fold([], until=hour(11))
    await sender.send_ready()
    assert await states(runtime) == {"order_confirmed": "unknown", "issue_opened": "sent"}
    first, issue, again = postbox.mails
    assert first["Message-ID"] != issue["Message-ID"] == again["Message-ID"]


async def test_what_a_dead_sender_had_in_hand_is_not_forgotten(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, confirmed(9), opened(10))
    async with runtime.transaction() as tx:
        await tx.execute(text("update messages set state = 'sending', leased_until = now() - interval '1 second'"))
    assert await sender.report_lost() == 2
    await runtime.fold([], until=hour(11))
    await sender.send_ready()
    assert await states(runtime) == {"order_confirmed": "unknown", "issue_opened": "sent"}
    assert len(postbox.mails) == 1


async def in_hand_for_too_long(runtime: Runtime) -> None:
    """The lease of everything in hand has run out."""
    async with runtime.transaction() as tx:
        await tx.execute(text("update messages set leased_until = now() - interval '1 second' where state = 'sending'"))


async def test_what_a_dead_sender_had_not_begun_with_was_not_sent_and_is_said_whatever_its_kind(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, confirmed(9), opened(10))
    async with runtime.transaction() as tx:
        (first,) = [one for one in await store.take_ready(tx, 2, LEASE) if one.kind == "issue_opened"]
        await begin(tx, [first], LEASE, await taking_at(tx))
    await in_hand_for_too_long(runtime)
    assert await sender.report_lost() == 2
    await runtime.fold([], until=hour(11))
    await sender.send_ready()
    assert await states(runtime) == {"order_confirmed": "sent", "issue_opened": "sent"}
    assert len(postbox.mails) == 2


async def test_who_slept_past_the_lease_begins_with_nothing_any_more(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, confirmed(9), shipped(10))
    async with runtime.transaction() as tx:
        taken, taken_at = await store.take_ready(tx, 2, LEASE), await taking_at(tx)
    await in_hand_for_too_long(runtime)
    async with runtime.transaction() as tx:
        assert await begin(tx, taken, LEASE, taken_at) == set()
    await sender.report_lost()
    await runtime.fold([], until=hour(11))
    async with runtime.transaction() as tx:
        again, again_at = await store.take_ready(tx, 2, LEASE), await taking_at(tx)
        assert await begin(tx, taken, LEASE, again_at) == set(), "that was another attempt"
        assert await begin(tx, again, LEASE, again_at) == {message.message_id for message in taken}
    assert postbox.mails == []


async def test_who_slept_begins_with_nothing_that_somebody_found_and_could_not_report_yet(runtime: Runtime) -> None:
    await ready(runtime, confirmed(9))
    async with runtime.transaction() as tx:
        taken, taken_at = await store.take_ready(tx, 1, LEASE), await taking_at(tx)
    await in_hand_for_too_long(runtime)
    async with runtime.transaction() as tx:
        ((found, result),) = await store.lost(tx, 10)
        await store.note_results(tx, {found.message_id: str(result)}, LEASE)
        assert await begin(tx, taken, LEASE, taken_at) == set(), "it is about to be decided again"


async def of_forty_customers(runtime: Runtime) -> None:
    """One message each is ready."""
    for number in range(40):
        other = [replace(one, id=f"{number}-{one.id}", data=replace(one.data, customer_id=f"c{number}"))
                 for one in (known(), confirmed(10, order_id=f"o{number}"))]  # fmt: skip
        assert not (await runtime.fold(other, until=hour(11))).refused


async def test_few_messages_are_begun_with_at_a_time(runtime: Runtime, sender: Sender, postbox: Postbox) -> None:
    await of_forty_customers(runtime)
    postbox.delay_s = 3
    task = asyncio.create_task(sender.run())
    await until(lambda: in_hand(runtime, {"begun": 8, "not begun": 32}), patience_s=10)
    await asyncio.sleep(0.2)
    assert await in_hand(runtime, {"begun": 8, "not begun": 32}), "for each connection one underway, and the next"
    postbox.delay_s = 0
    task.cancel()
    await asyncio.wait([task])
    await sender.close()


async def test_the_next_round_is_taken_before_the_last_one_is_begun_with_to_its_end(
    runtime: Runtime, sender: Sender, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.providers.outlets.MOST_AT_ONCE", 28)
    await of_forty_customers(runtime)
    postbox.delay_s = 0.3

    async def all_taken_and_some_of_the_first_not_begun_with() -> bool:
        async with runtime.transaction() as tx:
            query = (
                "select count(*) filter (where state = 'ready'), count(*) filter (where result = 'stale') from messages"
            )
            ready, not_begun = (await tx.execute(text(query))).one()
        return bool(ready == 0 and not_begun > 40 - 28)

    task = asyncio.create_task(sender.run())
    await until(all_taken_and_some_of_the_first_not_begun_with, patience_s=10)
    postbox.delay_s = 0
    task.cancel()
    await asyncio.wait([task])
    await sender.close()


async def test_while_somebody_keeps_a_customer_locked_the_answer_is_kept_beside_the_message(
    runtime: Runtime, postbox: Postbox
) -> None:
    assert isinstance(runtime.settings, NotifierSettings)
    sender = Sender(runtime, runtime.settings.model_copy(update={"lease_s": 8.0}))
    await ready(runtime, confirmed(10))

    async def kept() -> bool:
        async with runtime.transaction() as tx:
            return (await tx.execute(text("select result from messages"))).scalar_one() == "accepted"

    async with runtime.transaction() as tx:
        await tx.execute(text("select * from customers for update"))
        sending = asyncio.create_task(sender.send_ready())
        await until(kept, patience_s=10)
        assert await states(runtime) == {"order_confirmed": "sending"}
    assert await sending == 1
    assert await states(runtime) == {"order_confirmed": "sent"}
    assert len(postbox.mails) == 1
    await sender.close()


async def test_where_mail_leaves_slowly_little_is_taken_so_that_what_is_more_important_need_not_wait(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, *(confirmed(9, order_id=f"o{number}") for number in range(50)))
    postbox.delay_s = 0.02  # one customer's mails go one after the other
    assert await sender.send_ready() == 50
    await ready(runtime, *(confirmed(10, order_id=f"p{number}") for number in range(50)))
    assert await sender.send_ready() < 30


async def in_hand(runtime: Runtime, expected: dict[str, int]) -> bool:
    """Whether so many messages are begun with, and so many only taken."""
    async with runtime.transaction() as tx:
        query = "select count(*) filter (where result is null), count(*) from messages where state = 'sending'"
        begun, both = (await tx.execute(text(query))).one()
    return {"begun": begun, "not begun": both - begun} == expected


async def test_two_senders_never_send_the_same(runtime: Runtime, sender: Sender, postbox: Postbox) -> None:
    assert isinstance(runtime.settings, NotifierSettings)
    second = Sender(runtime, runtime.settings)
    await ready(runtime, *(confirmed(10, order_id=f"o{number}") for number in range(80)))
    while any(await asyncio.gather(sender.send_ready(), second.send_ready())):
        pass
    await second.close()
    assert len(postbox.mails) == 80
    assert len({mail["Message-ID"] for mail in postbox.mails}) == 80


async def test_a_blocked_customers_result_is_kept_until_it_can_be_reported(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await ready(runtime, confirmed(10))
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = now(), blocked_reason = 'x', blocked_by = 'y'"))
    await sender.send_ready()
    assert await states(runtime) == {"order_confirmed": "sending"}
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = null"))
        await tx.execute(text("update messages set leased_until = now() - interval '1 second'"))
    await sender.report_lost()
    assert await states(runtime) == {"order_confirmed": "sent"}
    assert len(postbox.mails) == 1


async def test_without_a_mail_server_messages_stay_ready(
    runtime: Runtime, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.streams.PAUSE_S", 0.0)
    assert isinstance(runtime.settings, NotifierSettings)
    nowhere = Sender(runtime, runtime.settings.model_copy(update={"smtp_port": 1}))
    await ready(runtime, confirmed(10))
    assert await nowhere.send_ready() == 0
    assert await states(runtime) == {"order_confirmed": "ready"}
    assert postbox.mails == []


async def test_with_the_real_clock_what_is_old_is_decided_again(runtime_of: RuntimeOf, postbox: Postbox) -> None:
    runtime = await runtime_of(application, CLOCK="real", SMTP_PORT=str(postbox.port))
    assert isinstance(runtime.settings, NotifierSettings)
    sender = Sender(runtime, runtime.settings)
    await ready(runtime, confirmed(10))
    await sender.send_ready()
    await sender.close()
    assert await states(runtime) == {"order_confirmed": "intended"}
    await runtime.fold([], until=datetime.now(UTC) + timedelta(seconds=1))
    async with runtime.transaction() as tx:
        reason = (await tx.execute(text("select reason from messages"))).scalar_one()
    assert reason == "expired"
    assert postbox.mails == []


async def test_the_task_sends_within_moments_and_ends_when_it_is_told(runtime: Runtime, sender: Sender) -> None:
    task = asyncio.create_task(sender.run())
    await asyncio.sleep(0.2)
    await ready(runtime, confirmed(10))
    await reached(runtime, "sent")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert await states(runtime) == {"order_confirmed": "sent"}


async def test_who_is_told_to_stop_finishes_what_is_in_hand(runtime: Runtime, sender: Sender, postbox: Postbox) -> None:
    postbox.delay_s = 0.3
    await ready(runtime, confirmed(10))
    task = asyncio.create_task(sender.run())
    await reached(runtime, "sending")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await states(runtime) == {"order_confirmed": "sent"}


async def reached(runtime: Runtime, state: str) -> None:
    """Wait until the one message is in that state."""

    async def so() -> bool:
        return await states(runtime) == {"order_confirmed": state}

    await until(so, patience_s=10)
