"""Mails that come back, in the shapes that mail servers, providers and people give them. Every word of them is ours.

`{to}` is where it goes, `{ours}` the address that stands in our mail, `{them}` the customer's.
"""

from textwrap import dedent

OURS = "reply+00000000-0000-0000-0000-000000000000.aaaaaaaaaaaaaaaa@in.shop.example"
THEM = "ada@example.org"


def mail(text: str, **values: str) -> bytes:
    """The sample as it travels: CRLF, UTF-8."""
    filled = dedent(text).lstrip("\n")
    for name, value in ({"ours": OURS, "them": THEM, "to": OURS} | values).items():
        filled = filled.replace("{" + name + "}", value)
    return filled.replace("\n", "\r\n").encode()


_ORIGINAL = """\
Return-Path: <{to}>
From: "The Shop" <hello@shop.example>
Reply-To: {ours}
To: {them}
Subject: Your order is late
Message-ID: <00000000-0000-0000-0000-000000000000@shop.example>
Auto-Submitted: auto-generated
X-Rapport-Order: o1
"""


def _report(head: str, words: str, delivery: str, *, original: str = "message/rfc822") -> str:
    return (
        f'{head}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary="=_x"\n\n'
        f"This is a MIME-encapsulated message.\n\n--=_x\nContent-Type: text/plain; charset=us-ascii\n\n{words}\n\n"
        f"--=_x\nContent-Type: message/delivery-status\n\n{delivery}\n\n"
        f"--=_x\nContent-Type: {original}\n\n{_ORIGINAL}\n"
        "Hello Ada.\n\n--=_x--\n"
    )


POSTFIX = _report(
    "Return-Path: <>\nFrom: MAILER-DAEMON@mx.shop.example (Mail Delivery System)\nTo: {to}\n"
    "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n",
    "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
    "<{them}>: host mx.example.org[192.0.2.7] said: 550 5.1.1 <{them}>:\n    Recipient address rejected: "
    "User unknown (in reply to RCPT TO command)",
    "Reporting-MTA: dns; mx.shop.example\nX-Postfix-Queue-ID: 4Xyz\nArrival-Date: Mon,  2 Mar 2026 10:00:01 +0100 (CET)"
    "\n\nFinal-Recipient: rfc822; {them}\nOriginal-Recipient: rfc822;{them}\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; 550 5.1.1 <{them}>: Recipient address rejected:\n"
    "    User unknown",
)
POSTFIX_FULL = POSTFIX.replace("5.1.1", "5.2.2").replace("User unknown", "Mailbox full")
POSTFIX_DELAY = POSTFIX.replace("Action: failed", "Action: delayed").replace("5.1.1", "4.4.1")
POSTFIX_DELIVERED = POSTFIX.replace("Action: failed", "Action: delivered").replace("5.1.1", "2.0.0")
EXIM = _report(
    "From: Mail Delivery System <Mailer-Daemon@mx.shop.example>\nTo: {to}\nX-Failed-Recipients: {them}\n"
    "Auto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender\n",
    "This message was created automatically by mail delivery software.\n\n  {them}\n    host mx.example.org "
    "[192.0.2.7]\n    SMTP error from remote mail server after RCPT TO:<{them}>:\n    550 unknown user",
    "Reporting-MTA: dns; mx.shop.example\n\nAction: failed\nFinal-Recipient: rfc822;{them}\nStatus: 5.0.0\n"
    "Remote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; 550 unknown user",
    original="text/rfc822-headers",
)
EXCHANGE = _report(
    "From: postmaster@example.org\nTo: {to}\nSubject: Undeliverable: Your order is late\nAuto-Submitted: auto-replied\n"
    "X-MS-Exchange-Message-Is-Ndr:\n",
    "Your message to {them} couldn't be delivered.\n\nada wasn't found at example.org.",
    "Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchangelabs.com\nReceived-From-MTA: dns;mx.shop.example\n\n"
    "Final-Recipient: rfc822;{them}\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 "
    "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
)
EXCHANGE_POLICY = EXCHANGE.replace("5.1.10", "5.7.1").replace(
    "RESOLVER.ADR.RecipientNotFound", "RESOLVER.RST.NotAuthorized"
)
GMAIL = _report(
    "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: {to}\nAuto-Submitted: auto-replied\n"
    "Subject: Delivery Status Notification (Failure)\nReferences: <00000000@shop.example>\n",
    "** Address not found **\n\nYour message wasn't delivered to {them} because the address couldn't be found.",
    "Reporting-MTA: dns; googlemail.com\nReceived-From-MTA: dns; hello@shop.example\n\n"
    "Final-Recipient: rfc822; {them}\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.1.26, the server)\n"
    "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.",
)
SENDMAIL = _report(
    "Return-Path: <MAILER-DAEMON@mx.shop.example>\nFrom: Mail Delivery Subsystem <MAILER-DAEMON@mx.shop.example>\n"
    "To: <{to}>\nSubject: Returned mail: see transcript for details\nAuto-Submitted: auto-generated (failure)\n",
    "   ----- The following addresses had permanent fatal errors -----\n<{them}>\n    (reason: 550 5.1.2 Host unknown)",
    "Reporting-MTA: dns; mx.shop.example\nArrival-Date: Mon, 2 Mar 2026 10:00:01 +0100\n\n"
    "Final-Recipient: RFC822; {them}\nAction: failed\nStatus: 5.1.2\n"
    "Remote-MTA: DNS; example.org\nLast-Attempt-Date: Mon, 2 Mar 2026 10:00:02 +0100",
)
QMAIL = """
From: MAILER-DAEMON@mx.shop.example
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at mx.shop.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{them}>:
192.0.2.7 does not like recipient.
Remote host said: 550 sorry, no mailbox here by that name (#5.1.1)

--- Below this line is a copy of the message.

From: "The Shop" <hello@shop.example>
Reply-To: {ours}
"""
OLD_EXIM = """
From: Mail Delivery System <Mailer-Daemon@mx.shop.example>
To: {to}
X-Failed-Recipients: {them}
Subject: Mail delivery failed

  {them}
    mailbox is full: retry timeout exceeded
"""


def _complaint(head: str, fields: str, original: str = "message/rfc822") -> str:
    return (
        f'{head}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="=_y"\n\n'
        "--=_y\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n--=_y\n"
        f"Content-Type: message/feedback-report\n\n{fields}\n\n--=_y\nContent-Type: {original}\n\n{_ORIGINAL}\nHello.\n"
        "\n--=_y--\n"
    )


COMPLAINTS = {
    "yahoo": _complaint(
        "From: Yahoo! Mail AntiSpam Feedback <feedback@arf.mail.yahoo.com>\nTo: complaints@in.shop.example\n",
        "Feedback-Type: abuse\nUser-Agent: Yahoo!-Mail-Feedback/2.0\nVersion: 0.1\nReported-Domain: shop.example",
    ),
    "outlook": _complaint(
        "From: staff@hotmail.com\nTo: complaints@in.shop.example\nSubject: complaint about message from 192.0.2.1\n",
        "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 0.1\nSource-IP: 192.0.2.1",
    ),
    "fastmail": _complaint(
        "From: arf@example.net\nTo: abuse@in.shop.example\n",
        "Feedback-Type: opt-out\nUser-Agent: Loop/1.0\nVersion: 1\nOriginal-Rcpt-To: <{them}>",
        "text/rfc822-headers",
    ),
}

ABSENCES = {
    "en": "Auto-Submitted: auto-replied\nSubject: Out of office: Your order is late",
    "de": "X-Autoreply: yes\nSubject: Abwesenheitsnotiz: Your order is late",
    "es": "Precedence: auto_reply\nSubject: =?utf-8?q?Respuesta_autom=C3=A1tica=3A_Your_order?=",
    "fr": "Subject: =?utf-8?b?UsOpcG9uc2UgYXV0b21hdGlxdWUgOiBZb3VyIG9yZGVy?=",
    "pt": "Subject: =?iso-8859-1?q?Resposta_autom=E1tica=3A_Your_order?=",
}
"""How it is seen that nobody wrote it: by a header, or by its subject alone."""


def absence(language: str) -> str:
    """Somebody is away."""
    return f"From: Ada <{{them}}>\nTo: {{to}}\n{ABSENCES[language]}\n\nI am away until Monday.\n"


REPLY = """
From: Ada Lovelace <{them}>
To: {to}
Subject: Re: Your order is late
Message-ID: <reply-1@example.org>
In-Reply-To: <00000000-0000-0000-0000-000000000000@shop.example>
Content-Type: multipart/alternative; boundary="=_z"

--=_z
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

Then please cancel it. I needed it for today =E2=80=93 thank you.

--=20
Ada Lovelace
London

On Mon, 2 Mar 2026 at 10:00, The Shop
<hello@shop.example> wrote:

> Hello Ada,
> your order is late.

--=_z
Content-Type: text/html; charset="utf-8"

<p>Then please cancel it.</p><div class="gmail_quote">On Mon The Shop wrote: <blockquote>Hello Ada</blockquote></div>

--=_z--
"""
