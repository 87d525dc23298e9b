"""Every kind of message has words, honest ones, and nobody can break out of a header."""

from datetime import UTC
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.orders import Resolution
from contracts.vocabulary import Channel, IssueKind
from notifier.kinds import KINDS
from notifier.letters import Letters
from notifier.messages import Message, message_id_of
from notifier.people import Person, zone_of
from notifier.shop import Shop
from notifier.ways import NO_WAYS, Ways
from tests.notifier.correspondent import ADA, BERLIN, Life, delivered, goodwill, hour, known, opened, resolved

LETTERS = Letters(Shop(name="Corner & Co", address="hello@shop.example", zone=zone_of(BERLIN) or UTC))
ADA_HERSELF = Person(addresses={Channel.email: "ada@example.org"}, given_name="Ada", zone=BERLIN)
SEEN_AT = "2026-03-01T12:00:00+00:00"
ISSUE = {
    "issue_kind": "delivery_late", "severity": "serious", "known": "Your parcel is not there.",
    "promised_by": "2026-03-03T00:00:00+01:00", "expected_by": "2026-03-06T00:00:00+01:00", "resolution": "delivered",
    "promised": "2026-03-02",
}  # fmt: skip
CONTENT: dict[str, dict[str, Any]] = {
    "order_confirmed": {"pieces": 2, "total_minor": 5_990, "currency": "EUR", "promised_by": ISSUE["promised_by"]},
    "order_shipped": {"carrier": "Swift", "promised_by": None},
    "order_delivered": {"late": True},
    "order_cancelled": {"by": "shop"},
    "order_refunded": {"amount_minor": 5_990, "currency": "EUR"},
    "issue_opened": ISSUE,
    "issue_worse": ISSUE,
    "issue_resolved": ISSUE,
    "survey": {"survey": "nps"},
    "points_earned": {"points": 59, "available_points": 0},
    "points_vested": {"points": 59, "available_points": 59},
    "goodwill_granted": {"points": 100, "available_points": 159, "because": "delivery_late"},
    "tier_reached": {"tier": "silver"},
    "note": {
        "title": "Our shop in Bonn moves",
        "happened": "We move on Friday.",
        "doing": None,
        "you": "Pick up there.",
    },
    "offer": {"title": "Tea week", "happened": "All teas cost less.", "doing": "We pack gifts.", "you": None},
    "birthday": {},
    "anniversary": {"years": 1},
}


def at(address: str, name: str | None = None) -> Person:
    return Person(addresses={Channel.email: address}, given_name=name)


def message(kind: str, **content: Any) -> Message:
    return Message(
        message_id=message_id_of(ADA, kind, "o1"), customer_id=ADA, kind=kind, subject="o1", intended_at=hour(10),
        expires_at=hour(34), order_id="o1", ready_at=hour(10), content=CONTENT[kind] | content,
        correlation_id="o1",
    )  # fmt: skip


def written(message: Message, person: Person = ADA_HERSELF, ways: Ways = NO_WAYS) -> EmailMessage:
    """The mail as it arrives on the other side."""
    return message_from_bytes(LETTERS.letter(message, person, ways), _class=EmailMessage, policy=SMTP)


def text_of(mail: EmailMessage) -> str:
    body: Any = mail.get_body(("plain",))
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    body: Any = mail.get_body(("html",))
    return str(body.get_content())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_in_both_forms(kind: str) -> None:
    mail = written(message(kind))
    assert mail["Subject"]
    assert text_of(mail).startswith("Hello Ada,\n\n")
    assert "\n\nYour team at Corner & Co\n\n" in text_of(mail)
    assert "Corner &amp; Co" in html_of(mail)
    assert "{" not in text_of(mail)


@pytest.mark.parametrize("kind", IssueKind)
def test_every_issue_says_what_happened_what_we_do_and_what_you_can_do(kind: IssueKind) -> None:
    mail = written(message("issue_opened", issue_kind=str(kind)))
    greeting, happened, doing, you, *_ = text_of(mail).split("\n\n")
    assert greeting == "Hello Ada,"
    assert min(len(happened), len(doing), len(you)) > 20
    worse = written(message("issue_worse", issue_kind=str(kind)))
    assert worse["Subject"] == f"Update: {mail['Subject']}"
    assert happened in text_of(worse)


def test_what_is_known_of_an_issue_is_said_in_the_words_of_the_catalogue() -> None:
    text = text_of(written(message("issue_opened", carrier="Swift", last_scan_at=SEEN_AT)))
    assert "We promised your order by Monday 2 March, and it has not arrived." in text
    assert "Last news from Swift: Sunday 1 March." in text
    assert "We are finding out where it is, and will keep at it" in text
    assert "It should reach you by Thursday 5 March." in text


@pytest.mark.parametrize("resolution", [one for one in Resolution if one is not Resolution.absorbed])
def test_every_ending_has_its_words(resolution: Resolution) -> None:
    text = text_of(written(message("issue_resolved", resolution=str(resolution))))
    assert ("It is sorted out.\n" in text) == (resolution is Resolution.ended)


def test_what_another_service_says_is_said_in_its_words() -> None:
    for kind in ("note", "offer"):
        mail = written(message(kind, happened="Less <b>than</b> before."))
        said = [CONTENT[kind][name] for name in ("title", "doing", "you") if CONTENT[kind][name]]
        assert [one for one in said if one not in f"{mail['Subject']}{text_of(mail)}"] == []
        assert "Less <b>than</b> before." in text_of(mail)
        assert "<b>" not in html_of(mail)
        assert "None" not in text_of(mail)


def test_a_promise_until_midnight_is_said_as_the_day_that_it_ends() -> None:
    assert "by Monday 2 March;" in text_of(written(message("order_confirmed")))


@pytest.mark.parametrize(("currency", "said"), [("EUR", "€59.90"), ("JPY", "¥5,990"), ("KWD", "KWD 5.990")])
def test_money_is_said_in_its_own_decimals(currency: str, said: str) -> None:
    text = text_of(written(message("order_confirmed", currency=currency)))
    assert f"2 items, {said} in total." in text.replace("\u00a0", " ")


def test_goodwill_is_called_an_apology_and_not_a_reward() -> None:
    text = text_of(written(message("goodwill_granted")))
    assert "Your order has taken longer than we had promised.\n\nThis does not undo it" in text
    assert "earned" not in text


def test_an_apology_that_waited_for_the_morning_is_true_whether_the_order_came_meanwhile_or_not() -> None:
    for meanwhile in ([delivered(31), resolved(31)], []):
        apology = Life([known(), opened(22), goodwill(22), *meanwhile], until=33).message("goodwill_granted")
        assert apology.ready_at == hour(32)
        assert "Your order has taken longer than we had promised." in text_of(written(apology))


def test_the_link_stands_alone_in_the_text_and_behind_a_button_in_the_html() -> None:
    mail = written(message("survey"), ways=Ways(action="http://shop.example/s/token"))
    assert "\n\nhttp://shop.example/s/token\n\n" in text_of(mail)
    assert 'href="http://shop.example/s/token"' in html_of(mail)


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: all@example.org", "x\nSubject: y", "x\x00y", "x\u2028y", "\r\n\r\nbody", "x\x0by"]
)
def test_no_value_breaks_out_of_a_header(evil: str) -> None:
    mail = written(message("tier_reached", tier=evil))
    assert set(mail.keys()) == set(written(message("tier_reached")).keys())
    assert mail["Bcc"] is None
    assert mail["Subject"].isprintable()
    with pytest.raises(ValueError, match=r"(?i)invalid|illegal|linefeed|carriage"):
        LETTERS.letter(
            message("tier_reached"), Person(addresses={Channel.email: "ada@example.org\r\nBcc: all@example.org"})
        )


def test_what_a_template_prints_is_escaped_in_html_and_never_run() -> None:
    evil = "<script>alert(1)</script> {{ 7 * 7 }}"
    html = html_of(written(message("issue_opened", carrier=evil, last_scan_at=SEEN_AT)))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "{{ 7 * 7 }}" in html


def test_the_same_message_has_the_same_name_for_ever() -> None:
    mail, again = written(message("survey")), written(message("survey"))
    assert mail["Message-ID"] == again["Message-ID"] == f"<{message('survey').message_id}@shop.example>"
    assert mail["Date"].datetime == hour(10)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Rapport-Order"] == "o1"


def test_lines_are_short_enough_for_every_mail_server() -> None:
    raw = LETTERS.letter(message("issue_opened", carrier="word " * 400), ADA_HERSELF)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.isascii()


def test_who_has_no_known_name_is_greeted_all_the_same() -> None:
    assert text_of(written(message("survey"), at("ada@example.org"))).startswith("Hello,\n")


@pytest.mark.parametrize(
    "name", ["", "Ada", "Ada Maria", "O'Neil", "Ada, the First", "Dr. No", "Ада 🌷", "A" * 90, " x "]
)
@pytest.mark.parametrize(
    "address", ["ada@example.org", "a.b+c@d-e.example", f"{'a' * 64}@{'b' * 60}.example", "a'b@c.d"]
)
def test_a_reader_is_named_as_the_email_package_would(name: str, address: str) -> None:
    raw = LETTERS.letter(message("survey"), at(address, name or None))
    theirs: str = SMTP.header_factory("To", Address(name, addr_spec=address)).fold(policy=SMTP)
    assert b"\r\n" + theirs.encode() in raw


@pytest.mark.parametrize("subject", ["Your order", "x" * 69, "x " * 60, "Ваш заказ", "a  b"])
def test_a_subject_is_written_as_the_email_package_would(subject: str) -> None:
    said = replace(LETTERS.words.compose(message("survey"), ADA_HERSELF, Channel.email), subject=subject)
    theirs: str = SMTP.header_factory("Subject", subject).fold(policy=SMTP)
    assert b"\r\n" + theirs.encode() in LETTERS.mail(message("survey"), ADA_HERSELF, said)


def test_a_name_in_another_script_arrives_whole() -> None:
    mail = written(message("survey"), at("ada@example.org", "Ада 🌷"))
    assert mail["To"].addresses[0].display_name == "Ада 🌷"
    assert "Hello Ада 🌷," in text_of(mail)


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_leads_to_the_page_where_its_reader_chooses(kind: str) -> None:
    mail = written(message(kind), ways=Ways(preferences="https://shop.example/preferences/token"))
    assert text_of(mail).endswith("Change or stop messages:\n\nhttps://shop.example/preferences/token\n")
    assert 'href="https://shop.example/preferences/token"' in html_of(mail)


def test_mails_about_one_order_stand_together_and_others_apart() -> None:
    thread = written(message("issue_opened"))["References"]
    assert (
        thread == written(message("issue_opened"))["In-Reply-To"] == written(message("order_delivered"))["References"]
    )
    other = written(replace(message("order_delivered"), order_id="o2"))
    assert other["References"] not in (thread, None)
    assert written(replace(message("survey"), order_id=None))["References"] is None


def test_a_mail_says_its_language_in_both_places_and_what_an_inbox_shows_first() -> None:
    mail = written(message("order_delivered"), replace(ADA_HERSELF, locale="fr-CA"))
    assert mail["Content-Language"] == "fr"
    assert '<html lang="fr" dir="ltr">' in html_of(mail)
    assert 'overflow:hidden">Le transporteur indique' in html_of(mail)
    assert mail["X-Rapport-Words"] == LETTERS.words.version


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: all@example.org", "x\u2028Bcc: y", "x" * 5_000, "=?utf-8?q?a=0D=0ABcc:_b?="]
)
def test_a_title_that_others_wrote_stays_in_the_subject(evil: str) -> None:
    mail = written(message("note", title=evil))
    assert set(mail.keys()) == set(written(message("note", title="plain")).keys())
    assert mail["Subject"].isprintable()
    assert len(mail["Subject"]) <= 150


def test_an_order_id_that_could_break_out_of_a_header_makes_no_mail() -> None:
    with pytest.raises(ValueError, match="invalid in a header"):
        LETTERS.letter(replace(message("survey"), order_id="o1\r\nBcc: all@example.org"), ADA_HERSELF)
