"""What goes wrong in the house itself, in the middle of a story: it ends as if nothing had happened."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from contracts.kafka import to_record
from contracts.storefront import OrderPaid, OrderRefunded, ShipmentStatus
from contracts.vocabulary import RefundedLine
from storefront.saying import Said, event_of
from tests.journeys.house import House
from tests.journeys.shoppers import Shopper, line
from tests.running import rows


class Ending(NamedTuple):
    """All that a story has left, with times counted from its beginning."""

    decisions: dict[str, list[tuple[timedelta, str, str, str]]]
    postings: list[tuple[timedelta, str, int]]
    mails: list[str]
    issues: dict[str, str]


Scene = Callable[[Shopper], Awaitable[None]]


async def buys(shopper: Shopper) -> None:
    await shopper.signs_up()
    order_id = f"{shopper.customer_id}-order"
    await shopper.orders(order_id, line("tea", 60_00), line("pot", 30_00), promised_by=shopper.day(4))


async def waits(shopper: Shopper) -> None:
    await shopper.is_sent(f"{shopper.customer_id}-order", day=1)
    await shopper.scan(f"{shopper.customer_id}-order", ShipmentStatus.attempt_failed, 5)


async def receives(shopper: Shopper) -> None:
    await shopper.receives(f"{shopper.customer_id}-order", day=6)


async def sends_back(shopper: Shopper) -> None:
    lines = (RefundedLine(line_id="pot", quantity=1, amount_minor=30_00),)
    refund: dict[str, Any] = {"refund_id": f"{shopper.customer_id}-refund", "amount_minor": 30_00, "lines": lines}
    await shopper.says(OrderRefunded, 10, order_id=f"{shopper.customer_id}-order", **refund)


STORY: tuple[tuple[Scene, int], ...] = ((buys, 1), (waits, 6), (receives, 10), (sends_back, 22))
"""What happens, and the day that the house has come to afterwards."""


async def ending(shopper: Shopper) -> Ending:
    """What the story of this shopper has come to."""
    since: Callable[[datetime], timedelta] = lambda moment: moment - shopper.begins  # noqa: E731
    runtimes, of = shopper.house.runtimes, {"c": shopper.customer_id}
    query = "select at, rule, outcome, reason from decisions where customer_id = :c order by at, rule, outcome, reason"
    decided = {name: await rows(runtime, query, **of) for name, runtime in runtimes.items()}
    posted = await rows(runtimes["loyalty"], "select * from postings where customer_id = :c order by number", **of)
    return Ending(
        {
            name: [(since(row["at"]), row["rule"], row["outcome"], row["reason"]) for row in found]
            for name, found in decided.items()
        },
        [(since(row["at"]), row["kind"], row["points"]) for row in posted],
        await shopper.told(),
        await shopper.issues(f"{shopper.customer_id}-order"),
    )


@pytest.fixture(scope="module")
async def undisturbed(open_for_all: House) -> Ending:
    """How the story ends when nothing happens to the house."""
    lena = Shopper(open_for_all, "lena")
    for scene, day in STORY:
        await scene(lena)
        await lena.time_is(day)
    return await ending(lena)


async def test_the_undisturbed_story_has_everything_in_it(undisturbed: Ending) -> None:
    assert undisturbed.issues == {"attempt_failed": "delivered", "delivery_late": "delivered"}
    assert [(kind, points) for _, kind, points in undisturbed.postings] == [
        ("earned", 60), ("earned", 30), ("goodwill", 100), ("clawed_back", 30), ("vested", 60),
    ]  # fmt: skip
    assert {"survey", "goodwill_granted", "issue_opened", "issue_resolved"} <= set(undisturbed.mails)


async def test_stopping_and_starting_every_service_in_turn_changes_nothing(house: House, undisturbed: Ending) -> None:
    mona = Shopper(house, "mona")
    for (scene, day), service in zip(STORY, house.runtimes, strict=True):
        await scene(mona)
        await house.stop(service)
        await house.start(service)
        await mona.time_is(day)
    assert await ending(mona) == undisturbed


async def test_what_could_not_be_applied_is_parked_redriven_and_changes_nothing(
    house: House, undisturbed: Ending
) -> None:
    """Loyalty's database refuses Nora's points by a mistaken constraint; its operator sees it and takes it back."""
    nora = Shopper(house, "nora")
    loyalty = house.runtimes["loyalty"]
    async with loyalty.transaction() as tx:
        await tx.execute(text("alter table postings add constraint mistaken check (customer_id <> 'nora')"))
    await buys(nora)
    await nora.time_is(1)
    parked = await house.ask("loyalty", "/v1/parked?customer_id=nora")
    assert [row["reason"] for row in parked["data"]] == ["save_failed"]
    await waits(nora)
    await nora.time_is(2)
    assert (await nora.told())[-1] == "order_shipped", "what happens in loyalty holds up nobody else"

    async with loyalty.transaction() as tx:
        await tx.execute(text("alter table postings drop constraint mistaken"))
    wish = {"customer_id": "nora", "dry_run": False}
    report = await house.clients["loyalty"].post("/v1/redrive", json=wish)
    assert (report.json()["refused"], report.json()["reasons"]) == (0, {})
    for scene, day in ((None, 6), *STORY[2:]):
        if scene:
            await scene(nora)
        await nora.time_is(day)
    assert sorted((await ending(nora)).mails) == sorted(undisturbed.mails)
    assert (await ending(nora))._replace(mails=undisturbed.mails) == undisturbed


async def test_what_cannot_be_read_or_is_somebody_elses_is_parked_and_changes_nothing(
    house: House, undisturbed: Ending
) -> None:
    olga = Shopper(house, "olga")
    await buys(olga)
    fact = OrderPaid(customer_id="olga", order_id="lena-order", occurred_at=olga.at(0, 11), amount_minor=1)
    foreign = to_record(event_of(Said(fact, olga.at(0, 11)), "/storefronts/demo"))
    await house.put(foreign._replace(value=foreign.value[:20]))
    await house.put(foreign)
    for scene, day in ((None, 1), *STORY[1:]):
        if scene:
            await scene(olga)
        await olga.time_is(day)
    assert await ending(olga) == undisturbed

    report = await house.clients["orders_listener"].post("/v1/redrive", json={"customer_id": "olga", "dry_run": False})
    reasons = {"truncated_json": 1, "order_of_another_customer": 1}
    assert (report.json()["applied"], report.json()["reasons"]) == (0, reasons)
    house.stays_parked = {"orders_listener": reasons}
