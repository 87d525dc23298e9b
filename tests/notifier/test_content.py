"""What a reader of the only mail expects: what was ordered and sent, where it is, where to pay, what comes back."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from contracts import Event
from contracts.orders import ConfirmedLine, OrderCancelled, OrderRefunded, OrderShipped, Resolution
from contracts.storefront import CancelledBy
from contracts.vocabulary import Channel, IssueKind, NamedLine, RefundWay
from notifier.cancellations import Why, why
from notifier.deliveries import Result
from notifier.goods import MOST_NAMED, goods_of, name_of
from notifier.links import link_of, safe
from notifier.messages import Message
from notifier.people import Person, zone_of
from notifier.samples import SHOWN, sample_message, sample_person, sample_ways
from notifier.shop import Shop
from notifier.words import words_of
from tests.notifier.correspondent import ADA, BERLIN, Life, confirmed, hour, known, opened, resolved, said, shipped
from tests.notifier.test_letters import written

ZONE = zone_of(BERLIN)
assert ZONE is not None
SHOP = Shop(name="Corner & Co", address="hello@shop.example", zone=ZONE)
WORDS = words_of(SHOP)
ADA_HERSELF = Person(addresses={Channel.email: "ada@example.org", Channel.sms: "+4915112345678"}, given_name="Ada")
PAGE = "https://carrier.example/42?to=Ada"
PAY = "https://shop.example/pay/x"
EVIL = [
    "x\r\nBcc: all@example.org",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ shop }}{% for x in y %}",
    "=?utf-8?q?a=0D=0ABcc:_b?=",
    "\u202egnp.exe",
    "x" * 600,
]


def with_facts(event: Event[Any], **facts: Any) -> Event[Any]:
    return replace(event, data=replace(event.data, **facts))


def mailed(message: Message) -> str:
    return WORDS.compose(message, ADA_HERSELF, Channel.email).text


def refund(at: float, refund_id: str = "r1", **more: Any) -> Event[Any]:
    return said(
        OrderRefunded(
            customer_id=ADA, order_id="o1", refund_id=refund_id, occurred_at=hour(at), currency="EUR",
            amount_minor=4_990, **more,
        ),
        at,
    )  # fmt: skip


# --- orders ---


def test_the_confirmation_lists_what_was_ordered_what_it_costs_and_the_day() -> None:
    lines = (
        ConfirmedLine(line_id="1", quantity=2, paid_minor=5_000, title="Linen shirt", variant={"c": "sage", "s": "M"}),
        ConfirmedLine(line_id="2", quantity=1, paid_minor=500, sku="mug-1"),
    )
    order = with_facts(confirmed(10), lines=lines, shipping_minor=490, total_minor=5_990)
    text = mailed(Life([known(), order], until=11).message("order_confirmed"))
    assert "We have received your order: 3 items, €59.90 in total." in text
    goods = "You ordered:\n- 2 × Linen shirt, sage, M – €50.00\n- 1 × mug-1 – €5.00\n"
    assert f"{goods}Shipping: €4.90\nTotal: €59.90\n" in text
    assert "It should reach you by Friday 6 March" in text


@pytest.mark.parametrize(("tax_minor", "total_minor", "said_so"), [(450, 5_440, True), (450, 4_990, False)])
def test_tax_is_a_row_where_it_comes_on_top_of_the_prices(tax_minor: int, total_minor: int, said_so: bool) -> None:
    lines = (ConfirmedLine(line_id="1", quantity=1, paid_minor=4_500, title="Linen shirt"),)
    money = {"shipping_minor": 490, "tax_minor": tax_minor, "total_minor": total_minor}
    text = mailed(Life([known(), with_facts(confirmed(10), lines=lines, **money)], until=11).message("order_confirmed"))
    assert ("\nShipping: €4.90\nTax: €4.50\nTotal: €54.40\n" in text) is said_so
    assert ("\nShipping: €4.90\nTotal: €49.90\n" in text) is not said_so


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
def test_what_an_order_comes_to_stands_in_rows_in_every_language(locale: str) -> None:
    message = sample_message("order_confirmed")
    mail = WORDS.compose(message, sample_person(locale), Channel.email)
    shipping, total = mail.text.partition("\n\n- ")[0].split("\n\n")[2].splitlines()[-2:]
    assert "4" in shipping
    assert "59" in total
    assert (mail.html or "").count('font-weight:700"><td') == 1
    message.content.update(goods=None, shipping_minor=None)
    words = total.rpartition("59")[0].strip(": \u00a0€")
    assert f"\n{words}" not in WORDS.compose(message, sample_person(locale), Channel.email).text  # said above


def test_a_long_order_is_cut_and_says_so() -> None:
    lines = tuple(ConfirmedLine(line_id=str(n), quantity=1, paid_minor=1, title=f"Mug {n}") for n in range(25))
    text = mailed(Life([known(), with_facts(confirmed(10), lines=lines)], until=11).message("order_confirmed"))
    assert text.count("× Mug") == MOST_NAMED
    assert "- and 5 more articles\n" in text


def test_an_order_of_before_articles_had_names_is_confirmed_without_a_list() -> None:
    text = mailed(Life([known(), confirmed(10)], until=11).message("order_confirmed"))
    assert "You ordered" not in text
    assert "2 items" in text


def test_a_parcel_says_what_is_in_it_who_brings_it_where_it_is_and_what_comes_later() -> None:
    lines = (NamedLine(line_id="1", quantity=1, title="Linen shirt"),)
    facts = {"lines": lines, "carrier": "royal_mail", "tracking_number": "42", "tracking_url": PAGE}
    life = Life([known(), with_facts(shipped(10), rest_follows=True, **facts)], until=11)
    text = mailed(life.message("order_shipped"))
    assert "Part of your order has left us with Royal Mail. The rest comes in another parcel." in text
    assert "Tracking number: 42." in text
    assert "In this parcel:\n- 1 × Linen shirt\n" in text
    assert f"Track the parcel:\n\n{PAGE}\n" in text
    whole = mailed(Life([known(), with_facts(shipped(10), **facts)], until=11).message("order_shipped"))
    assert "Your order has left us with Royal Mail. Tracking number" in whole


def test_a_link_is_kept_until_it_is_said_and_no_longer() -> None:
    life = Life([known(), with_facts(shipped(10), tracking_url=PAGE)], until=11)
    message = life.message("order_shipped")
    assert link_of(message.content) == PAGE
    life.report(message, Result.deferred, 11)
    assert PAGE in str(life.message("order_shipped").content)
    life = Life([known(), with_facts(shipped(10), tracking_url=PAGE)], until=11)
    life.report(life.message("order_shipped"), Result.accepted, 12)
    assert PAGE not in str(life.account)
    assert PAGE not in str(life.facts) + str(life.decisions)


def test_a_payment_that_failed_leads_to_where_it_can_be_paid() -> None:
    failed = with_facts(opened(10, IssueKind.payment_failed), pay_url=PAY)
    message = Life([known(), failed], until=11).message("issue_opened")
    assert f"Pay now:\n\n{PAY}\n" in mailed(message)
    assert f'href="{PAY}"' in (WORDS.compose(message, ADA_HERSELF, Channel.email).html or "")
    short = WORDS.compose(message, ADA_HERSELF, Channel.sms).text
    assert short.endswith(f" {PAY}")
    assert short.count("https://") == 1


def test_what_got_worse_leads_where_its_opening_did() -> None:
    message = sample_message("issue_worse")
    message.content.update(issue_kind="held", tracking_url=PAGE, goods=[{"name": "Mug", "pieces": 1}])
    text = mailed(message)
    assert f"Track the parcel:\n\n{PAGE}\n" in text
    assert "In the parcel:\n- 1 × Mug\n" in text


# --- money ---


def test_a_refund_says_how_much_for_what_which_way_and_by_when() -> None:
    lines = (NamedLine(line_id="1", quantity=1, title="Linen shirt"),)
    back = refund(10, way=RefundWay.as_paid, expected_by=hour(240), named=lines)
    text = mailed(Life([known(), back], until=11).message("order_refunded"))
    assert "We have refunded you €49.90 for your order." in text
    assert "The refund is for:\n- 1 × Linen shirt\n" in text
    assert "It goes back the way you paid. You should have it by Wednesday 11 March." in text


@pytest.mark.parametrize("way", [*RefundWay, None])
@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
def test_every_way_of_giving_money_back_is_said_in_every_language(way: RefundWay | None, locale: str) -> None:
    message = sample_message("order_refunded")
    message.content["way"] = way
    usual = sample_message("order_refunded")
    usual.content["way"] = "unheard_of"
    said_so = [WORDS.compose(one, sample_person(locale), Channel.email).text for one in (message, usual)]
    assert (said_so[0] == said_so[1]) is (way is None)


def test_every_refund_is_told_once_and_not_beside_the_end_of_an_issue_that_says_it() -> None:
    evidence = {"refund_id": "r1", "amount_minor": "4990", "currency": "EUR", "way": "as_paid"}
    over = with_facts(resolved(20, IssueKind.refund_overdue, Resolution.refunded), evidence=evidence)
    life = Life([known(), opened(10, IssueKind.refund_overdue), refund(20), over, refund(30, "r2")], until=40)
    assert life.kinds_told() == ["issue_opened", "issue_resolved", "order_refunded"]
    assert life.message("order_refunded").subject == "r2"
    text = mailed(life.message("issue_resolved"))
    assert "We have now refunded you €49.90." in text
    assert "It goes back the way you paid." in text


def test_a_cancellation_says_what_comes_back() -> None:
    fact = OrderCancelled(
        customer_id=ADA, order_id="o1", occurred_at=hour(10), by=CancelledBy.shop, owed_minor=4_990, currency="EUR"
    )
    text = mailed(Life([known(), said(fact, 10)], until=11).message("order_cancelled"))
    assert "We will refund you €49.90. We will write to you as soon as it is on its way." in text


def cancelled(**facts: Any) -> str:
    """The mail about an order that the shop cancelled."""
    money: dict[str, Any] = {"owed_minor": 4_990, "paid_minor": 4_990, "currency": "EUR"}
    fact = OrderCancelled(
        customer_id=ADA, order_id="o1", occurred_at=hour(10), **{"by": CancelledBy.shop, **money, **facts}
    )
    return mailed(Life([known(), said(fact, 10)], until=11).message("order_cancelled"))


def test_a_cancellation_says_what_was_cancelled_why_and_when_the_money_is_back() -> None:
    lines = (NamedLine(line_id="1", quantity=2, title="Linen shirt"),)
    text = cancelled(lines=lines, reason="Out of stock", refund_by=hour(240))
    assert "We have had to cancel your order because something in it is out of stock." in text
    assert "What was cancelled:\n- 2 × Linen shirt\n" in text
    assert "We will refund you €49.90. You should have it by Wednesday 11 March." in text


@pytest.mark.parametrize(
    ("money", "said_so"),
    [
        ({"owed_minor": 0, "paid_minor": 0}, "You have not been charged."),
        ({"owed_minor": 0, "paid_minor": 4_990}, "What you had paid has already been refunded."),
        ({"owed_minor": 0, "paid_minor": None}, "If you have paid already, you will get your money back."),
    ],
)
def test_of_money_nothing_is_said_that_nobody_knows(money: dict[str, int | None], said_so: str) -> None:
    text = cancelled(**money)
    assert said_so in text
    assert ("charged" in text) is (money["paid_minor"] == 0)


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        ("inventory", Why.out_of_stock), ("staff", Why.mistake), ("DUPLICATE", Why.duplicate),
        ("un-deliverable", None), ("undeliverable", Why.undeliverable), ("discontinued ", Why.discontinued),
        ("fraud", None), ("other", None), ("Mr Smith rang and shouted", None), ("{{ shop }}", None), ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_a_shops_own_words_for_a_cancellation_stay_with_the_shop(reason: str | None, meant: Why | None) -> None:
    assert why(reason) is meant
    text = cancelled(reason=reason)
    assert ("We have had to cancel your order." in text) is (meant is None)
    assert not (reason and meant is None and reason in text)


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
def test_every_reason_has_words_in_every_language_and_who_cancelled_goes_before_it(locale: str) -> None:
    texts = set()
    for by, reason in [*(("shop", one) for one in (None, *Why)), ("customer", "mistake"), ("payment", "mistake")]:
        message = sample_message("order_cancelled")
        message.content.update(by=by, reason=reason)
        texts.add(WORDS.compose(message, sample_person(locale), Channel.email).text.split("\n\n")[1])
    assert len(texts) == len(Why) + 3


def test_the_cancellation_speaks_for_the_issue_that_it_ended() -> None:
    fact = OrderCancelled(customer_id=ADA, order_id="o1", occurred_at=hour(12), by=CancelledBy.shop)
    life = Life([known(), opened(10), said(fact, 12), resolved(12, resolution=Resolution.cancelled)], until=24)
    assert life.kinds_told() == ["issue_opened", "order_cancelled"]
    assert life.message("issue_resolved").reason == "told_with_resolution"


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
def test_a_payment_that_failed_says_how_much_where_that_is_known(locale: str) -> None:
    message = sample_message("issue_opened.payment_failed")
    assert "59" in WORDS.compose(message, sample_person(locale), Channel.sms).text
    doing = WORDS.compose(message, sample_person(locale), Channel.email).text.split("\n\n")[3]
    assert "9" in doing, "until the 9th it is kept"
    message.content.update(amount_minor=None, currency=None, expected_by=None)
    assert not re.search("59|9 ", WORDS.compose(message, sample_person(locale), Channel.email).text)


# --- what a reply does ---

NOTHING_BY_ITSELF = {
    "en": "Nothing is cancelled until we have confirmed it.",
    "de": "Storniert wird erst, wenn wir es Ihnen bestätigt haben.",
    "es": "No cancelamos nada sin confirmárselo.", "fr": "Rien n’est annulé sans que nous le confirmions.",
    "pt": "Nada é cancelado sem o confirmarmos.",
}  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize("kind", ["delivery_late", "fulfilment_stalled"])
def test_whoever_may_cancel_is_told_that_a_reply_alone_does_not(kind: str, locale: str) -> None:
    text = WORDS.compose(sample_message(f"issue_opened.{kind}"), sample_person(locale), Channel.email).text
    assert NOTHING_BY_ITSELF[locale] in text


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
def test_nobody_is_said_to_have_asked_a_carrier(locale: str) -> None:
    """Nothing in the house asks one: what the shop will do can be promised, what it has done not."""
    asked = ("have asked", "gebeten", "nachgefragt", "hemos pedido", "hemos preguntado", "avons demandé", "pedimos que",
             "perguntámos")  # fmt: skip
    for kind in IssueKind:
        message = sample_message(f"issue_opened.{kind}")
        text = WORDS.compose(message, sample_person(locale), Channel.email).text.casefold()
        assert not [one for one in asked if one in text]


@pytest.mark.parametrize("currency", ["", "eur", "E", "{{ x }}", "ZZZ"])
def test_money_of_which_nobody_knows_what_it_is_breaks_nothing(currency: str) -> None:
    evidence = {"amount_minor": "4990", "currency": currency, "reason": "returned"}
    life = Life([known(), with_facts(opened(10, IssueKind.refund_overdue), evidence=evidence)], until=11)
    assert "you have not had your money back yet" in mailed(life.message("issue_opened"))


# --- other people's texts ---


@pytest.mark.parametrize("evil", EVIL)
def test_no_title_or_number_breaks_out_of_a_mail(evil: str) -> None:
    lines = (NamedLine(line_id="1", quantity=1, title=evil[:500], variant={"c": evil[:128]}),)
    fact = OrderShipped(
        customer_id=ADA, order_id="o1", shipment_id="s1", occurred_at=hour(10), carrier=evil[:64], lines=lines,
        tracking_number=evil[:64],
    )  # fmt: skip
    message = Life([known(), said(fact, 10)], until=11).message("order_shipped")
    mail = written(message)
    assert mail.keys() == written(sample_message("order_shipped")).keys()
    page = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]  # every mail of ours has one
    assert not re.search(r"<(script|img)", page)
    assert "\u202e" not in page
    text = mailed(message)
    assert all(line.isprintable() for line in text.split("\n"))
    assert max(map(len, text.split("\n"))) < 600


def test_an_article_is_named_by_its_title_and_what_tells_it_from_others() -> None:
    line = NamedLine(line_id="1", quantity=1, sku="m-1", title="Mug, Sage", variant={"colour": "sage", "size": "L"})
    assert name_of(line) == "Mug, Sage, L"
    assert name_of(replace(line, title=None)) == "m-1"
    assert len(name_of(replace(line, title="x" * 500)) or "") <= 120
    assert goods_of((NamedLine(line_id="1", quantity=3),)) == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://carrier.example/1", "javascript:alert(1)", "https://", "https:///x", "https://a b.example/",
        "https://shop.example@evil.example/", "https://user:word@carrier.example/", "https://carrier", "//x.example/",
        'https://carrier.example/"><script>', "https://carrier.example/\r\nBcc:x", "https://[::1]/", "https://127.0.0.1/",
        "https://carrier.example:99999/", "https://carrier.example/" + "x" * 2_000, "https://carriér.example/", None, 7,
    ],
)  # fmt: skip
def test_a_link_that_is_not_plainly_https_is_none(url: object) -> None:
    assert safe(url) is None
    message = sample_message("order_shipped")
    message.content["tracking_url"] = url
    assert "Track the parcel" not in mailed(message)


def test_a_plain_link_stays_as_it_is() -> None:
    for url in (PAGE, "https://carrier.example:8443/a?b=c&d=%20#e", "https://xn--carrir-gva.example/"):
        assert safe(url) == url


# --- where one can answer ---


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize("channel", [Channel.sms, Channel.push, Channel.chat])
def test_nobody_is_asked_to_reply_where_nobody_hears_it(channel: Channel, locale: str) -> None:
    frame = {
        "en": "reply to",
        "de": "antworten Sie auf",
        "es": "responda a este",
        "fr": "répondez à",
        "pt": "responda a esta",
    }
    for key in SHOWN:
        said_there = WORDS.compose(sample_message(key), sample_person(locale), channel, sample_ways(key)).text
        assert frame[locale].casefold() not in said_there.casefold()
    lost = sample_message("issue_opened.lost")
    assert "hello@shop.example" in WORDS.compose(lost, sample_person(locale), Channel.chat).text
    mail = WORDS.compose(lost, sample_person(locale), Channel.email).text
    assert frame[locale].casefold() in mail.casefold()
    assert "hello@shop.example" not in mail
