"""What a mail server's "no" means: is the address wrong, is it only for now, or is it we who are not wanted?

Owns the table; decides nothing. Codes are those of RFC 3463 and the registry that goes on with it (IANA, "SMTP
Enhanced Status Codes"); where a server gives none, its words are looked at, in the forms that large servers use.
"""

import re
from enum import StrEnum
from typing import NamedTuple


class Weight(StrEnum):
    """Whom a "no" concerns."""

    hard = "hard"
    """The address: nobody will ever read mail there."""
    soft = "soft"
    """The address, for now; often enough in a row it counts as well."""
    ours = "ours"
    """Us: what we sent or how. The address is as good as before."""


class Meaning(NamedTuple):
    """What follows from a code."""

    weight: Weight
    reason: str


_NO_MAILBOX = Meaning(Weight.hard, "mailbox_unknown")
_NO_DOMAIN = Meaning(Weight.hard, "domain_unknown")
_FULL = Meaning(Weight.soft, "mailbox_full")
_BLOCKED = Meaning(Weight.ours, "blocked")
_CONTENT = Meaning(Weight.ours, "content")
_UNREACHABLE = Meaning(Weight.soft, "unreachable")
_UNSPECIFIED = Meaning(Weight.soft, "unspecified")

_PERMANENT = {
    "1.1": _NO_MAILBOX,  # RFC 3463: bad destination mailbox address
    "1.2": _NO_DOMAIN,  # RFC 3463: bad destination system address
    "1.3": _NO_MAILBOX,  # RFC 3463: bad destination mailbox address syntax
    "1.6": Meaning(Weight.hard, "moved"),  # RFC 3463: mailbox has moved, no forwarding address
    "1.10": _NO_DOMAIN,  # RFC 7505: the domain says that it takes no mail (null MX)
    "2.1": Meaning(Weight.hard, "mailbox_disabled"),  # RFC 3463: disabled; temporarily it would be 4.2.1
}
"""By subject and detail, where the class is 5. Everything that is not named here or below is soft."""
_EITHER = {
    "1.7": _BLOCKED,  # RFC 3463: bad sender's mailbox address syntax
    "1.8": _BLOCKED,  # RFC 3463: bad sender's system address
    "1.9": _CONTENT,  # RFC 3886: message relayed to non-compliant mailer
    "2.2": _FULL,  # RFC 3463: mailbox full, whatever the class
    "2.3": _CONTENT,  # RFC 3463: message length exceeds administrative limit
    "3.1": _FULL,  # RFC 3463: mail system full
    "3.4": _CONTENT,  # RFC 3463: message too big for system
}
_BY_SUBJECT = {"4": _UNREACHABLE, "6": _CONTENT, "7": _BLOCKED}
"""Network and routing; content and media; security and policy (RFC 3463, section 3)."""

_WORDS = (
    (_FULL, ("mailbox full", "mailbox is full", "over quota", "quota exceeded", "exceeded storage", "out of storage")),
    (_BLOCKED, (
        "spam", "blocked", "blacklist", "block list", "blocklist", "reputation", "policy", "dmarc", "spf", "dkim",
        "relay", "not authorized", "access denied", "rate limit",
    )),
    (_NO_MAILBOX, (
        "user unknown", "unknown user", "no such user", "no such recipient", "no such mailbox", "no mailbox here",
        "does not exist", "doesn't exist", "doesn't have a", "invalid recipient", "unknown recipient",
        "recipient unknown",
        "user not found", "recipient not found", "mailbox not found", "unknown mailbox", "unknown address",
        "unrouteable address", "no such address", "unknown or illegal alias", "account is disabled", "inactive user",
    )),
    (_NO_DOMAIN, ("domain not found", "no such domain", "unknown host", "host unknown", "host not found")),
)  # fmt: skip
"""In small letters; the first that is found counts. Servers that give no code beyond 5.0.0 say at least this much."""

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
"""Not within an address like 5.9.12.7."""
_SIMPLE = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])")


class Status(NamedTuple):
    """A code as far as it says something."""

    kind: str
    """2, 4 or 5."""
    detail: str
    """Subject and detail, `1.1`; `0.0` where nobody says."""

    def __str__(self) -> str:
        return f"{self.kind}.{self.detail}"


def status_of(*texts: str) -> Status | None:
    """The first code in these texts that says more than `x.0.0`; else what class it is; None without any."""
    found = [Status(kind, f"{int(subject)}.{int(detail)}") for text in texts for kind, subject, detail in _codes(text)]
    telling = [status for status in found if status.detail != "0.0"]
    if telling or found:
        return (telling or found)[0]
    simple = next((match for text in texts if (match := _SIMPLE.search(text))), None)
    return Status(simple[1], "0.0") if simple else None


def meaning_of(status: Status | None, words: str = "") -> Meaning:
    """Whom a failure with this code concerns, and why. `words` are the server's own."""
    if status is not None and status.detail != "0.0":
        known = _EITHER.get(status.detail) or (_PERMANENT.get(status.detail) if status.kind == "5" else None)
        return known or _BY_SUBJECT.get(status.detail.partition(".")[0]) or _UNSPECIFIED
    said = words.casefold()
    meaning = next((meaning for meaning, signs in _WORDS if any(sign in said for sign in signs)), _UNSPECIFIED)
    lasting = status is None or status.kind == "5"
    return meaning if lasting or meaning.weight is not Weight.hard else _UNSPECIFIED


def _codes(text: str) -> list[tuple[str, str, str]]:
    codes: list[tuple[str, str, str]] = _ENHANCED.findall(text)
    return codes
