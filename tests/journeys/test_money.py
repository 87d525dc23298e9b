"""Orders that go back: what cannot be sent, what was sent instead, what was refunded, cancelled or not paid."""

from typing import Any

from contracts.storefront import (
    CancelledBy,
    LineAvailable,
    LineSubstituted,
    LineUnavailable,
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    PaymentFailed,
    UnavailableReason,
)
from contracts.vocabulary import RefundedLine
from tests.journeys.house import House
from tests.journeys.shoppers import Shopper, line

Said = dict[str, Any]


def given_back(line_id: str, amount_minor: int) -> tuple[RefundedLine, ...]:
    """Money for one piece of one line."""
    return (RefundedLine(line_id=line_id, quantity=1, amount_minor=amount_minor),)


async def test_a_wrong_colour_nobody_agreed_to_is_an_issue_until_the_money_is_back_and_its_points_are_gone(
    house: House,
) -> None:
    cleo = Shopper(house, "cleo")
    await cleo.signs_up()
    await cleo.orders("c1", line("shoes", 80_00, variant={"colour": "black"}), line("belt", 20_00))
    shoes: Said = {"order_id": "c1", "line_id": "shoes"}
    await cleo.says(LineUnavailable, 1, **shoes, reason=UnavailableReason.backordered)
    await cleo.says(LineAvailable, 2, **shoes)
    await cleo.time_is(3)
    assert await cleo.issues("c1") == {"item_unavailable": "available"}
    assert (await cleo.told())[2:] == ["issue_opened", "issue_resolved"]

    await cleo.says(LineSubstituted, 3, **shoes, variant={"colour": "brown"})
    await cleo.time_is(4)
    assert await cleo.issues("c1") == {"item_unavailable": "available", "item_substituted": "open"}
    assert await cleo.points() == (0, 100, "bronze")

    refunded: Said = {"refund_id": "r1", "amount_minor": 80_00, "lines": given_back("shoes", 80_00)}
    await cleo.says(OrderRefunded, 5, order_id="c1", **refunded)
    await cleo.time_is(6)
    assert await cleo.issues("c1") == {"item_unavailable": "available", "item_substituted": "refunded"}
    assert (await cleo.told())[4:] == ["issue_opened", "issue_resolved"]
    assert await cleo.points() == (0, 20, "bronze")


async def test_points_follow_the_money_that_stays_however_many_refunds_took_the_rest(house: House) -> None:
    """75 cents are worth no point; taken twice they are worth two, for 99.00 of 100.50 stay, then 98.25."""
    dora = Shopper(house, "dora")
    await dora.orders("d1", line("towels", 100_50, quantity=3))
    left = []
    for number, day in enumerate((1, 2, 3)):
        await dora.time_is(day)
        left.append((await dora.points())[1])
        refund: Said = {"refund_id": f"r{number}", "amount_minor": 75, "lines": given_back("towels", 75)}
        await dora.says(OrderRefunded, day, order_id="d1", **refund)
    await dora.time_is(4)
    assert [*left, (await dora.points())[1]] == [100, 99, 99, 98]
    assert await dora.decisions("loyalty", "claw_back") == [
        "taken_back: line_refunded", "kept: less_than_a_point", "taken_back: line_refunded",
    ]  # fmt: skip


async def test_a_cancelled_order_leaves_no_points_no_open_issue_and_no_question(house: House) -> None:
    eve = Shopper(house, "eve")
    await eve.signs_up()
    await eve.orders("e1", promised_by=eve.day(9))
    await eve.says(LineUnavailable, 1, order_id="e1", line_id="socks", reason=UnavailableReason.discontinued)
    await eve.says(OrderCancelled, 2, order_id="e1", by=CancelledBy.shop)
    await eve.time_is(30)
    assert await eve.issues("e1") == {"item_unavailable": "cancelled"}
    assert await eve.points() == (0, 0, "bronze")
    assert await eve.decisions("feedback") == []
    assert await eve.told() == ["order_confirmed", "points_earned", "issue_opened", "order_cancelled"]


async def test_a_failed_payment_is_told_and_forgotten_when_the_money_comes(house: House) -> None:
    finn = Shopper(house, "finn")
    await finn.signs_up()
    await finn.orders("f1", paid=False)
    await finn.says(PaymentFailed, 0, 11, order_id="f1", reason="card expired")
    await finn.time_is(1)
    assert await finn.told() == ["issue_opened"]
    await finn.says(OrderPaid, 1, order_id="f1", amount_minor=40_00)
    await finn.time_is(2)
    assert await finn.issues("f1") == {"payment_failed": "paid"}
    assert sorted((await finn.told())[1:]) == ["issue_resolved", "order_confirmed"]
    await finn.time_is(3)
    assert (await finn.told())[3:] == ["points_earned"]  # nobody is cheered at once after that
    assert await finn.points() == (0, 40, "bronze")
