"""What a mail that came back says, in the shapes of many mail servers; and that no bytes at all are too much."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.inbound.mails import Arrival, Automatic, Bounce, Complaint, Delay, Nothing, Reply, heard
from notifier.inbound.parts import READ_BYTES
from notifier.inbound.replies import reply_in, text_of_html
from notifier.statuses import Weight
from tests.notifier.inbound import samples
from tests.notifier.inbound.samples import absence, mail

HARD, SOFT, OURS = Weight.hard, Weight.soft, Weight.ours


@pytest.mark.parametrize(
    ("text", "weight", "reason", "code"),
    [
        (samples.POSTFIX, HARD, "mailbox_unknown", "5.1.1"),
        (samples.POSTFIX_FULL, SOFT, "mailbox_full", "5.2.2"),
        (samples.EXIM, HARD, "mailbox_unknown", "5.0.0"),
        (samples.EXCHANGE, HARD, "domain_unknown", "5.1.10"),
        (samples.EXCHANGE_POLICY, OURS, "blocked", "5.7.1"),
        (samples.GMAIL, HARD, "mailbox_unknown", "5.1.1"),
        (samples.SENDMAIL, HARD, "domain_unknown", "5.1.2"),
        (samples.QMAIL, HARD, "mailbox_unknown", "5.1.1"),
        (samples.OLD_EXIM, SOFT, "mailbox_full", None),
    ],
)
def test_a_bounce_says_whom_it_concerns(text: str, weight: Weight, reason: str, code: str | None) -> None:
    said = heard(mail(text), "")
    assert isinstance(said, Bounce)
    assert (said.meaning.weight, said.meaning.reason, said.code) == (weight, reason, code)


def test_what_is_only_late_or_arrived_is_no_bounce() -> None:
    assert heard(mail(samples.POSTFIX_DELAY), "") == Delay()
    assert heard(mail(samples.POSTFIX_DELIVERED), "") == Arrival()


@pytest.mark.parametrize(("provider", "kind"), [("yahoo", "abuse"), ("outlook", "abuse"), ("fastmail", "opt-out")])
def test_a_complaint_is_one(provider: str, kind: str) -> None:
    said = heard(mail(samples.COMPLAINTS[provider]), None)
    assert isinstance(said, Complaint)
    assert said.kind == kind


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_a_report_of_something_else_is_no_complaint(kind: str) -> None:
    said = heard(mail(samples.COMPLAINTS["yahoo"].replace("Feedback-Type: abuse", f"Feedback-Type: {kind}")))
    assert said == Nothing("other_report")


@pytest.mark.parametrize("language", samples.ABSENCES)
def test_who_is_away_wrote_nothing(language: str) -> None:
    assert heard(mail(absence(language)), samples.THEM) == Automatic("absence")


@pytest.mark.parametrize(
    ("headers", "sender", "kind"),
    [
        ("Auto-Submitted: auto-generated", None, "machine"),
        ("X-Rapport-Order: o1\nAuto-Submitted: auto-generated", None, "loop"),
        ("Received: by a\n" * 60, None, "loop"),
        ("List-Id: <all.example.org>", None, "list"),
        ("Precedence: bulk", None, "machine"),
        ("Subject: Please confirm your message to Ada\nAuto-Submitted: auto-replied", None, "challenge"),
        ("X-TMDA-Confirm-Done: 1", None, "challenge"),
        ("Subject: Read", "", "machine"),
        ("From: noreply@example.org", None, "machine"),
    ],
)
def test_machines_are_told_apart_from_people(headers: str, sender: str | None, kind: str) -> None:
    mine = "" if "From:" in headers else "From: ada@example.org\n"
    assert heard(mail(f"{mine}{headers.strip()}\n\nHello.\n"), sender) == Automatic(kind)


def test_a_receipt_is_no_answer() -> None:
    text = (
        "From: ada@example.org\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nIt was read.\n--b\nContent-Type: message/disposition-notification\n\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    assert heard(mail(text)) == Automatic("receipt")


def test_a_person_is_heard_without_the_mail_that_they_answer() -> None:
    said = heard(mail(samples.REPLY), samples.THEM)
    assert said == Reply(
        text="Then please cancel it. I needed it for today – thank you.", address=samples.THEM,
        identity="<reply-1@example.org>",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Thanks!\n\nAm Mo., 2. März 2026 um 10:00 schrieb The Shop <hello@shop.example>:\n> Hello", "Thanks!"),
        ("Merci\n\nLe lun. 2 mars 2026 à 10:00, The Shop a écrit :\n> Hello", "Merci"),
        ("Gracias\n\nEl lun, 2 mar 2026 a las 10:00, The Shop (<h@shop.example>)\nescribió:\n> Hello", "Gracias"),
        ("Obrigada\n\nEm seg., 2 de mar. de 2026, The Shop escreveu:\n> Hello", "Obrigada"),
        ("Yes\n\n-----Original Message-----\nFrom: The Shop\nHello", "Yes"),
        ("Ja\n\n________________________________\nVon: The Shop\nGesendet: Montag\n", "Ja"),
        ("Ja\n\n*Von:* The Shop\n*Gesendet:* Montag\n*An:* Ada\nHello", "Ja"),
        ("> Hello Ada,\n> is it there?\n\nNo, it is not.", "No, it is not."),
        ("No.\n\n> is it there?\n\nAnd where is it?", "No.\n\n> is it there?\n\nAnd where is it?"),
        ("From: the beginning it was late", "From: the beginning it was late"),
        ("On Monday I wrote:\nnothing came", "On Monday I wrote:\nnothing came"),
        ("> only quoted", "> only quoted"),
        ("Bye\n-- \nAda", "Bye"),
        ("", ""),
    ],
)
def test_the_quoted_mail_is_left_out_and_nothing_else(text: str, own: str) -> None:
    assert reply_in(text) == own


def test_a_page_is_read_as_text_up_to_what_it_quotes() -> None:
    page = (
        "<html><head><style>p {color: red}</style></head><body><p>Hello &amp; goodbye<br>Ada</p>"
        '<script>x</script><div class="gmail_quote">On Monday<blockquote>old</blockquote></div></body></html>'
    )
    assert text_of_html(page) == "Hello & goodbye\nAda"
    said = heard(f"From: a@example.org\r\nContent-Type: text/html\r\n\r\n{page}".encode())
    assert isinstance(said, Reply)
    assert said.text == "Hello & goodbye\nAda"


@pytest.mark.parametrize("word", ["STOP", " Abbestellen. ", "baja", "Se désabonner!", "Sair"])
def test_a_word_that_ends_newsletters_elsewhere_is_seen(word: str) -> None:
    said = heard(mail(f"From: a@example.org\nContent-Type: text/plain; charset=utf-8\n\n{word}\n"))
    assert isinstance(said, Reply)
    assert said.stop
    assert not reply_stops("Please stop sending the parcel to my office")


def reply_stops(text: str) -> bool:
    said = heard(mail(f"From: a@example.org\n\n{text}\n"))
    return isinstance(said, Reply) and said.stop


# --- hostile ---

_HEAD = b"From: a@example.org\r\nMIME-Version: 1.0\r\n"


def _nested(levels: int, lines: int) -> bytes:
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one) for one in range(levels)]
    return _HEAD + b"".join(parts) + b"Content-Type: text/plain\r\n\r\n" + b"x\r\n" * lines


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "blanks": lambda: b" \r\n\r\n",
    "deep": lambda: _nested(5_000, 10),
    "deep and long": lambda: _nested(14, 300_000),
    "mails in mails": lambda: _HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "endless header": lambda: _HEAD + b"Subject: " + b"x" * 5_000_000 + b"\r\n\r\nhello",
    "endless folded header": lambda: _HEAD + b"Subject: a\r\n" + b" b\r\n" * 400_000 + b"\r\nhello",
    "endless type": lambda: _HEAD + b'Content-Type: text/plain; a="' + b';"' * 500_000 + b"\r\n\r\nhello",
    "many headers": lambda: b"X: y\r\n" * 200_000 + b"\r\nhello",
    "many parts": lambda: _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * 100_000,
    "unknown charset": lambda: _HEAD + b"Content-Type: text/plain; charset=x-nothing\r\n\r\nh\xe9llo",
    "codec": lambda: _HEAD + b"Content-Type: text/plain; charset=zlib_codec\r\n\r\nhello",
    "punycode": lambda: _HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 100_000,
    "bad base64": lambda: _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!\xff=",
    "bad words": lambda: _HEAD + b"Subject: =?utf-8?b?!!!?= =?x?q?=ZZ?=\r\n\r\nhello",
    "controls": lambda: _HEAD + b"\r\nhe\x00ll\x1bo\xed\xa0\x80",
    "no header": lambda: b"\xff\xfe\x00hello",
    "report without fields": lambda: (
        _HEAD
        + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        + b"Content-Type: message/delivery-status\r\n\r\n--b--"
    ),
    "report cut off": lambda: mail(samples.POSTFIX)[:900],
    "report of nonsense": lambda: mail(samples.POSTFIX.replace("Status: 5.1.1", "Status: x").replace("failed", "?")),
    "page": lambda: _HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style><p" * 100_000,
    "brackets": lambda: _HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 300_000,
    "quotes": lambda: _HEAD + b"\r\n" + b"> \r\n" * 200_000 + b"On " * 100_000 + b"wrote:",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_mail_is_too_much(name: str) -> None:
    raw = HOSTILE[name]()
    began_s = time.process_time()
    said = heard(raw, "ada@example.org")
    assert time.process_time() - began_s < 5
    assert said is not None
    if isinstance(said, Reply):
        assert len(said.text) <= 10_000
        assert "\x00" not in said.text


def test_only_the_beginning_of_a_mail_is_read() -> None:
    photo = b"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + b"x" * (3 * READ_BYTES)
    raw = _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nIt is broken.\r\n" + photo
    said = heard(raw)
    assert isinstance(said, Reply)
    assert said.text == "It is broken."


_LINES = st.sampled_from([
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b", b"Content-Type: message/rfc822",
    b"Content-Type: message/delivery-status", b"Content-Type: message/feedback-report", b"Content-Type: text/html",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"Action: failed",
    b"Status: 5.1.1", b"Feedback-Type: abuse", b"--b", b"--b--", b"", b" folded", b"> quoted", b"On x wrote:",
    b"Auto-Submitted: auto-replied", b"Subject: =?utf-8?q?=ff?=", b"\xff\xfe",
    b"Content-Type: text/plain; charset=utf-16",
    b"Content-Disposition: attachment", b"X-Failed-Recipients: a", b"begin 644 x",
    b"Content-Transfer-Encoding: x-uuencode",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.binary(max_size=3_000), st.lists(_LINES, max_size=60).map(b"\r\n".join)),
    st.none() | st.text(max_size=20),
)
def test_whatever_comes_is_one_of_what_we_know(raw: bytes, sender: str | None) -> None:
    said = heard(raw, sender)
    assert isinstance(said, Bounce | Delay | Arrival | Complaint | Automatic | Reply | Nothing)
    if isinstance(said, Reply):
        said.text.encode()
        assert said.identity
