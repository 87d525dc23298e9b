"""What facts say beside the fact: articles by name, parcels' numbers, where to pay, and how much money."""

import pytest
from msgspec.structs import replace

from chassis.errors import Rejected
from contracts import orders
from contracts.storefront import PaymentFailed, ShipmentCreated
from contracts.vocabulary import NamedLine, RefundWay
from orders_listener.schemas.orders import TimelineBody
from tests.orders_listener.shop import (
    cancelled,
    day,
    line,
    paid,
    payment_failed,
    placed,
    refunded,
    said,
    scan,
    shipment,
    shipped_line,
    tell,
    unavailable,
)

TWO = (line("shirt", 2, colour="sage"), line("lamp"))
PAGE = "https://carrier.example/parcels/42?to=Ada"


def tracked(*lines: str) -> ShipmentCreated:
    announced = shipment(day(1), "s-1", *(shipped_line(one) for one in lines))
    return replace(announced, tracking_number="42", tracking_url=PAGE)


def named(lines: tuple[NamedLine, ...]) -> list[tuple[str | None, int]]:
    return [(one.title, one.quantity) for one in lines]


def test_an_order_is_confirmed_with_the_names_of_its_articles() -> None:
    [confirmed] = tell(placed(*TWO), paid()).all(orders.OrderConfirmed)
    assert [(one.title, one.sku, one.variant) for one in confirmed.lines] == [
        ("The shirt", "sku-shirt", {"colour": "sage"}),
        ("The lamp", "sku-lamp", {}),
    ]


def test_titles_are_one_line_and_not_too_long() -> None:
    long = replace(line(), title="A very\r\nBcc: long " + "x" * 400)
    [confirmed] = tell(placed(long), paid()).all(orders.OrderConfirmed)
    title = confirmed.lines[0].title
    assert title is not None
    assert title.startswith("A very Bcc: long x")
    assert len(title) == 120


def test_a_parcel_is_said_with_what_is_in_it_and_that_the_rest_comes_later() -> None:
    [part] = tell(placed(*TWO), paid(), tracked("shirt"), scan("picked_up", day(2))).all(orders.OrderShipped)
    assert (named(part.lines), part.rest_follows) == ([("The shirt", 1)], True)
    assert (part.tracking_number, part.tracking_url) == ("42", PAGE)
    [whole] = tell(placed(*TWO), paid(), tracked(), scan("picked_up", day(2))).all(orders.OrderShipped)
    assert (named(whole.lines), whole.rest_follows) == ([("The shirt", 2), ("The lamp", 1)], False)


def test_nobody_is_told_that_something_follows_which_cannot_be_sent() -> None:
    facts = [placed(line(), line("lamp")), paid(), unavailable(day(0, 5), "lamp"), tracked("shirt")]
    [shipped] = tell(*facts, scan("picked_up", day(2))).all(orders.OrderShipped)
    assert not shipped.rest_follows


def test_a_parcel_of_which_only_scans_are_known_promises_no_rest() -> None:
    [shipped] = tell(placed(), paid(), scan("picked_up", day(2))).all(orders.OrderShipped)
    assert (shipped.lines, shipped.rest_follows, shipped.tracking_number) == ((), False, None)


def test_an_issue_names_the_articles_it_is_about_and_the_parcel() -> None:
    told = tell(placed(*TWO), paid(), tracked("lamp"), scan("picked_up", day(2)), scan("damaged", day(3)))
    [opened] = [one for one in told.all(orders.IssueOpened) if one.kind == "damaged"]
    assert named(opened.lines) == [("The lamp", 1)]
    assert (opened.tracking_number, opened.tracking_url, opened.pay_url) == ("42", PAGE, None)


def test_a_payment_that_failed_says_where_to_pay_until_it_is_paid() -> None:
    told = tell(placed(), payment_failed(day(0, 1)))
    [opened] = told.all(orders.IssueOpened)
    assert (opened.pay_url, named(opened.lines)) == ("https://shop.example/pay/x", [("The shirt", 1)])
    told = tell(placed(), payment_failed(day(0, 1)), paid(day(0, 2)))
    [resolved] = told.all(orders.IssueResolved)
    assert resolved.pay_url is None
    failed = [one.fact for one in told.timeline.entries if isinstance(one.fact, PaymentFailed)]
    assert [one.retry_url for one in failed] == [None]


def test_a_link_is_gone_when_it_is_spent_in_whatever_order_that_is_heard() -> None:
    facts = [placed(), paid(), tracked(), scan("picked_up", day(2)), scan("delivered", day(3))]
    for told in (tell(*facts), tell(*facts[:2], facts[4], facts[3], facts[2])):
        assert PAGE not in str(told.timeline.entries)
    assert PAGE in str(tell(*facts[:4]).timeline.entries)
    assert "pay/x" not in str(tell(placed(), paid(day(0, 2)), payment_failed(day(0, 1))).timeline.entries)


def test_over_http_nobody_is_given_the_links() -> None:
    told = tell(placed(), payment_failed(day(0, 1)), tracked(), scan("picked_up", day(2)))
    assert PAGE in str(told.timeline.entries)
    shown = TimelineBody.of(told.timeline).model_dump_json()
    assert "https://" not in shown
    assert "card declined" in shown


def test_money_that_is_back_is_said_with_amount_way_and_day() -> None:
    back = replace(refunded(day(3), shirt=1), way=RefundWay.as_paid, expected_by="2026-03-12")
    [said] = tell(placed(*TWO), paid(), back).all(orders.OrderRefunded)
    assert (said.amount_minor, said.way, named(said.named)) == (2_000, RefundWay.as_paid, [("The shirt", 1)])
    assert said.expected_by is not None
    assert said.expected_by.isoformat() == "2026-03-12T23:00:00+00:00"


def test_an_order_that_is_cancelled_says_what_is_owed() -> None:
    [never_paid] = tell(placed(), cancelled(day(1))).all(orders.OrderCancelled)
    assert never_paid.owed_minor == 0
    [owing] = tell(placed(), paid(), cancelled(day(1))).all(orders.OrderCancelled)
    assert (owing.owed_minor, owing.currency) == (2_000, "EUR")


def test_a_payment_that_failed_says_how_much_is_still_to_be_paid() -> None:
    [opened] = tell(placed(*TWO), payment_failed(day(0, 1))).all(orders.IssueOpened)
    assert (opened.evidence["amount_minor"], opened.evidence["currency"]) == ("6000", "EUR")
    half = [placed(*TWO), paid(), payment_failed(day(0, 1))]
    assert tell(*half).all(orders.IssueOpened)[0].evidence["amount_minor"] == "4000"
    [nothing_left] = tell(placed(), paid(), payment_failed(day(0, 1))).all(orders.IssueOpened)
    assert "amount_minor" not in nothing_left.evidence


def test_an_order_that_waits_to_be_paid_says_until_when_if_the_shop_did() -> None:
    waits = replace(payment_failed(day(0, 1)), kept_until="2026-03-05")
    [opened] = tell(placed(), waits).all(orders.IssueOpened)
    assert opened.expected_by is not None
    assert opened.expected_by.isoformat() == "2026-03-05T23:00:00+00:00"
    [over] = tell(placed(), replace(waits, kept_until="2026-03-01")).all(orders.IssueOpened)
    assert over.expected_by is None
    assert tell(placed(), payment_failed(day(0, 1))).all(orders.IssueOpened)[0].expected_by is None
    with pytest.raises(Rejected, match="is no date"):
        tell(placed(), replace(waits, kept_until="2026-02-31"))


def test_an_order_that_is_cancelled_says_what_will_not_come_what_was_paid_and_when_it_is_back() -> None:
    [never_paid] = tell(placed(), cancelled(day(1))).all(orders.OrderCancelled)
    assert (never_paid.paid_minor, never_paid.refund_by) == (0, None)
    [paid_back] = tell(placed(), paid(), refunded(day(0, 5), shirt=1), cancelled(day(1))).all(orders.OrderCancelled)
    assert (paid_back.paid_minor, paid_back.owed_minor, paid_back.refund_by) == (2_000, 0, None)
    assert named(paid_back.lines) == [("The shirt", 1)]
    arrived = [tracked("shirt"), scan("picked_up", day(2)), scan("delivered", day(3))]
    [owing] = tell(placed(*TWO), paid(), *arrived, cancelled(day(4))).all(orders.OrderCancelled)
    assert (named(owing.lines), owing.refund_by) == ([("The shirt", 1), ("The lamp", 1)], day(14))


def test_nobody_is_promised_their_money_by_a_day_that_is_over() -> None:
    heard_late = said(cancelled(day(1)), at=day(20))
    [told] = tell(placed(), paid(), heard_late).all(orders.OrderCancelled)
    assert (told.owed_minor, told.refund_by) == (2_000, None)


def test_a_refund_that_is_late_says_how_much_and_its_end_how_it_came() -> None:
    facts = [placed(), paid(), cancelled(day(1))]
    [overdue] = tell(*facts, until=day(40)).all(orders.IssueOpened)
    assert (overdue.kind, overdue.evidence["amount_minor"], overdue.evidence["currency"]) == (
        "refund_overdue", "2000", "EUR",
    )  # fmt: skip
    back = replace(refunded(day(41), shirt=1), way=RefundWay.bank_transfer, expected_by="2026-04-20")
    [resolved] = tell(*facts, back, until=day(42)).all(orders.IssueResolved)
    assert resolved.evidence["refund_id"] == "r-1"
    assert (resolved.evidence["amount_minor"], resolved.evidence["way"]) == ("2000", "bank_transfer")
    assert resolved.evidence["refund_by"].startswith("2026-04-20")


def test_a_refund_until_a_day_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(Rejected, match="is no date"):
        tell(placed(), paid(), replace(refunded(day(3), shirt=1), expected_by="2026-02-31"))
