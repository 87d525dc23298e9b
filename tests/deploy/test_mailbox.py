"""The mailbox keeps what it accepted, shows it safely, and is a strict mail server."""

import re
import smtplib
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.mailbox.messages import Messages
from deploy.local.ports import HOST, free_ports
from deploy.local.processes import Process

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mailbox:
    """A running mailbox, its ports and its folder."""

    process: Process
    smtp_port: int
    web_port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    def start(self) -> None:
        self.process.start()
        self.process.wait_healthy(f"{self.url}/health")

    def send(self, message: EmailMessage) -> int:
        """Sends, and returns the number that the message got."""
        with smtplib.SMTP(HOST, self.smtp_port) as client:
            client.ehlo()
            client.mail("shop@example.com")
            client.rcpt(message["To"])
            _, answer = client.data(message.as_bytes(policy=SMTP))
        return int(answer.rsplit(b" ", 1)[1])

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}")

    def entry(self, n: int) -> dict[str, Any]:
        (entry,) = self.get(f"/messages.json?after={n - 1}&limit=1").json()
        return dict(entry)


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    folder = tmp_path_factory.mktemp("mailbox")
    smtp_port, web_port = free_ports(2)
    ports = ["--smtp-port", str(smtp_port), "--web-port", str(web_port)]
    command = [sys.executable, "-m", "deploy.local.mailbox", *ports, "--folder", str(folder / "mail")]
    process = Process("mailbox", command, log=folder / "mailbox.log", folder=REPOSITORY)
    running = Mailbox(process, smtp_port, web_port, folder / "mail")
    running.start()
    yield running
    process.stop()


def mail(*, subject: str = "Your parcel", text: str = "It is late.", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Shop <shop@example.com>"
    message["To"] = "ada@example.com"
    message["Subject"] = subject
    message["Message-ID"] = "<parcel-1@example.com>"
    message["List-Unsubscribe"] = "<https://example.com/stop>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def spoken(mailbox: Mailbox, *lines: bytes) -> list[bytes]:
    """Says each line, byte by byte as given, and returns the server's answer to each."""
    answers = []
    connection = socket.create_connection((HOST, mailbox.smtp_port), timeout=5)
    with connection, connection.makefile("rb") as heard:
        heard.readline()
        for line in lines:
            connection.sendall(line + b"\r\n")
            answers.append(heard.readline())
    return answers


def test_what_is_sent_is_listed_with_envelope_headers_and_text(mailbox: Mailbox) -> None:
    entry = mailbox.entry(mailbox.send(mail(subject="Verspätet: dein Päckchen", text="Verzeihung – ehrlich.")))

    assert entry["to"] == ["ada@example.com"]
    assert entry["from"] == "shop@example.com"
    assert entry["subject"] == "Verspätet: dein Päckchen"
    assert entry["message_id"] == "<parcel-1@example.com>"
    assert entry["headers"]["List-Unsubscribe"] == "<https://example.com/stop>"
    assert entry["text"].strip() == "Verzeihung – ehrlich."
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", entry["accepted_at"])


def test_the_list_goes_on_after_what_was_seen(mailbox: Mailbox) -> None:
    first, second = mailbox.send(mail()), mailbox.send(mail())

    assert [entry["n"] for entry in mailbox.get(f"/messages.json?after={first}").json()] == [second]


def test_the_newest_message_stands_first_on_the_page(mailbox: Mailbox) -> None:
    mailbox.send(mail(subject="The older one"))
    mailbox.send(mail(subject="The newer one"))
    page = mailbox.get("/").text

    assert page.index("The newer one") < page.index("The older one")


def test_the_file_is_what_was_accepted(mailbox: Mailbox) -> None:
    n = mailbox.send(mail(subject="Kept"))

    assert b"Subject: Kept\r\n" in (mailbox.folder / f"{n:06}.eml").read_bytes()
    assert "Subject: Kept" in mailbox.get(f"/messages/{n}/source").text


def test_markup_of_strangers_is_shown_never_run(mailbox: Mailbox) -> None:
    n = mailbox.send(mail(subject="<script>1</script>", text="<script>2</script> https://example.com/survey"))
    page = mailbox.get(f"/messages/{n}")

    assert "<script" not in page.text + mailbox.get("/").text
    assert '<a href="https://example.com/survey"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_html_part_is_boxed_in(mailbox: Mailbox) -> None:
    n = mailbox.send(mail(html="<h1>Late</h1><script>alert(1)</script>"))
    part = mailbox.get(f"/messages/{n}/html")
    policy = part.headers["content-security-policy"]

    assert "<h1>Late</h1>" in part.text
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy + mailbox.get(f"/messages/{n}").text


def test_another_name_for_this_machine_does_not_open_the_mailbox(mailbox: Mailbox) -> None:
    assert httpx.get(f"{mailbox.url}/messages.json", headers={"Host": "rebound.example.com"}).status_code == 400


@pytest.mark.parametrize("path", ["/messages/999999", "/messages/999999/html", "/messages/999999/source"])
def test_a_message_that_is_not_there_is_not_found(mailbox: Mailbox, path: str) -> None:
    assert mailbox.get(path).status_code == 404


def test_one_connection_may_reset_and_send_again(mailbox: Mailbox) -> None:
    before = mailbox.get("/health").json()["messages"]
    with smtplib.SMTP(HOST, mailbox.smtp_port) as client:
        client.ehlo()
        client.mail("shop@example.com")
        client.rcpt("nobody@example.com")
        assert client.rset()[0] == 250
        assert client.rcpt("nobody@example.com")[0] == 503
        client.send_message(mail())
        assert client.quit()[0] == 221

    assert mailbox.get("/health").json()["messages"] == before + 1


def test_a_message_that_is_too_large_is_refused_before_and_after_it_is_sent(mailbox: Mailbox) -> None:
    with smtplib.SMTP(HOST, mailbox.smtp_port) as client:
        client.ehlo()
        limit = int(client.esmtp_features["size"])
        assert client.mail("shop@example.com", [f"SIZE={limit + 1}"])[0] == 552
        client.mail("shop@example.com")
        client.rcpt("ada@example.com")
        assert client.data(b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (limit // 72 + 1))[0] == 552
        client.send_message(mail())


def test_a_large_message_below_the_limit_is_kept_whole(mailbox: Mailbox) -> None:
    text = ("z" * 70 + "\n") * 60_000

    assert mailbox.entry(mailbox.send(mail(text=text)))["text"].replace("\r\n", "\n") == text


@pytest.mark.parametrize("smuggled", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"a\nb", b"a\rb"])
def test_no_message_hides_behind_a_bare_line_end(mailbox: Mailbox, smuggled: bytes) -> None:
    before = mailbox.get("/health").json()["messages"]
    hidden = b"MAIL FROM:<x@example.com>\r\nRCPT TO:<y@example.com>\r\nDATA\r\nHidden"
    lines = [b"HELO me", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>", b"DATA"]
    answers = spoken(mailbox, *lines, b"Subject: x\r\n\r\nSeen" + smuggled + hidden + b"\r\n.")

    assert answers[-1].startswith(b"550")
    assert mailbox.get("/health").json()["messages"] == before


@pytest.mark.parametrize("address", [b"a\rb@example.com", b"a\x0bb@example.com"])
def test_an_address_with_control_characters_is_refused(mailbox: Mailbox, address: bytes) -> None:
    assert spoken(mailbox, b"HELO me", b"MAIL FROM:<" + address + b">")[-1].startswith(b"5")


def test_headers_that_nobody_can_read_are_still_shown(tmp_path: Path) -> None:
    messages = Messages(tmp_path)
    content = b"Subject: =?nowhere?b?xx?= =?utf-8?b?!?=\r\nX-Raw: \xff\xfe p\xc3\xa4ck\r\nBroken\r\n\r\n\xff body"
    entry = messages.accept("a@example.com", ["b@example.com"], content)
    listed = messages.one(entry.n)
    messages.close()

    assert listed == entry
    assert "nowhere" in entry.subject


def test_ten_thousand_messages_are_as_quick_to_list_as_ten(tmp_path: Path) -> None:
    messages = Messages(tmp_path)
    content = mail(html="<p>Late</p>").as_bytes()
    for number in range(10_000):
        messages.accept("shop@example.com", [f"customer-{number}@example.com"], content)

    assert messages.newest()[0].n == 10_000
    assert [entry.n for entry in messages.newest(recipient="CUSTOMER-77@")] == [78]
    assert len(messages.after(0, 10_000)) == 10_000
    messages.close()


def test_messages_outlive_a_killed_mailbox(mailbox: Mailbox) -> None:
    n = mailbox.send(mail(subject="Before the crash"))
    mailbox.process.kill()
    mailbox.start()

    assert mailbox.entry(n)["subject"] == "Before the crash"
    assert mailbox.send(mail()) == n + 1
