"""What a mail server's reply means: about this message, about us, or nothing that it would answer for.

Owns the reading of RFC 5321 and 3463 codes, by how far the dialogue was. Whatever is about us would be said of every
message: another provider is asked, and none is called refused for it.
"""

import re
from enum import IntEnum

from notifier.deliveries import Result

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
"""RFC 3463."""


class Stage(IntEnum):
    """How far the dialogue was."""

    greeting = 0
    """The connection, EHLO, STARTTLS, AUTH."""
    sender = 1
    recipient = 2
    content = 3


_ABOUT_US = frozenset({421, 454, 503, 530, 534, 535, 538})
"""Going away; TLS, sequence and authentication: RFC 5321, 4.2.3, RFC 3207, RFC 4954."""
_MAILBOX_POLICY = frozenset({13, 17, 18})
"""5.7.13, 5.7.17, 5.7.18: the account is disabled, mailbox or domain have another owner (RFC 7293; IANA's registry)."""
_OUR_PROOF = range(20, 31)
"""5.7.20 to 5.7.30: DKIM, SPF, reverse DNS, DMARC, no TLS (RFC 7372; IANA's registry): we did not prove who we are."""


def meaning(stage: Stage, code: int, words: str) -> Result:
    """What follows from a reply that is not a yes."""
    if stage <= Stage.sender:  # nobody has said yet whom it is for: it can only be about us or the server
        return Result.trouble
    if stage is Stage.content:
        return _of_content(code, words)
    if code in _ABOUT_US or _about_us(code, words):
        return Result.trouble
    return Result.refused if code >= 500 else Result.deferred


def codes(code: int, words: str) -> str:
    """`550 5.1.1`: the codes only, since the words may repeat the address."""
    enhanced = _ENHANCED.search(words)
    return f"{code} {enhanced.group()}" if enhanced else str(code)


def _of_content(code: int, words: str) -> Result:
    """It has seen the words. What it did not like in them nobody else shall be asked to like; our proof is about us."""
    if code < 500:
        return Result.deferred
    subject, detail = _subject_and_detail(words)
    return Result.trouble if subject == 7 and detail in _OUR_PROOF else Result.refused


def _about_us(code: int, words: str) -> bool:
    """At the recipient: X.7 is who may send through here (relaying, blocked senders), X.3 and X.5 the server itself.

    A 4xx is no reason to leave: greylisting says 450 4.7.1 and means this pair of server and recipient.
    """
    subject, detail = _subject_and_detail(words)
    if code < 500 or subject is None:
        return False
    if subject == 7:
        return detail not in _MAILBOX_POLICY
    return subject == 5 or (subject == 3 and detail != 4)  # 5.3.4: the message is too big


def _subject_and_detail(words: str) -> tuple[int | None, int | None]:
    found = _ENHANCED.search(words)
    return (int(found[2]), int(found[3])) if found else (None, None)
