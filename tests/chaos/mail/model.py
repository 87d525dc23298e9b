"""What should have come of it, judged from files alone: only the standard library, nothing of ours.

    said.jsonl       what was said to the notifier: {kind, customer_id, data}
    ledger           what the mail server accepted: nanoseconds, process, recipient, Message-ID, order
    outcomes.jsonl   what the notifier says became of each message: {message_id, customer_id, order_id, state}
    strikes.jsonl    what was done: {from_ns, until_ns, pid}; without a pid to the mail server or PostgreSQL

Every mail that was asked for is accepted once. Two exceptions, and only behind a strike at the process that handed it
over, within the stated window: what is about an issue may be accepted again, under the same name; anything else may
be `unknown`, whether it was accepted or not.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

ABOUT_ORDERS = ("order-confirmed", "order-shipped", "issue-opened", "points-earned")
GOES_AGAIN = frozenset({"issue-opened"})
EXAMPLES = 5
LATELY = 400


class Accepted(NamedTuple):
    """One line of the ledger."""

    at_ns: int
    pid: int
    recipient: str
    name: str
    order_id: str


class Strike(NamedTuple):
    """Something that was done to a process, or to what all of them need."""

    from_ns: int
    until_ns: int
    pid: int | None

    def gap_ms(self, mail: Accepted, window_ms: float) -> float | None:
        """So long after the server's yes it began; 0 while it lasted, None when it was over.

        What was on its way when a process died is accepted a moment later.
        """
        if mail.at_ns > self.until_ns + window_ms * 1e6:
            return None
        return max(0.0, (self.from_ns - mail.at_ns) / 1e6)


@dataclass
class Judgement:
    """Everything but the last five must be empty."""

    lost: list[str] = field(default_factory=list)
    """Asked for, not accepted, and not even unknown; or said to be sent, and never accepted."""
    doubled: list[str] = field(default_factory=list)
    """Accepted twice though it does not go again, or under two names, or with no strike that explains it."""
    unasked: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    """Without an outcome."""
    beyond_window: list[str] = field(default_factory=list)
    asked: int = 0
    repeated: int = 0
    unknown_and_arrived: int = 0
    unknown_and_not: int = 0
    widest_ms: float = 0.0
    """The longest time between the server's yes and the strike, among what was repeated or unknown for it."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.lost or self.doubled or self.unasked or self.unfinished or self.beyond_window)

    def figures(self) -> dict[str, Any]:
        """As numbers, with examples."""
        named = ("lost", "doubled", "unasked", "unfinished", "beyond_window")
        counts: dict[str, Any] = {name: len(getattr(self, name)) for name in named}
        counts |= {
            name: getattr(self, name) for name in ("asked", "repeated", "unknown_and_arrived", "unknown_and_not")
        }
        shown = [f"{name}: {one}" for name in named for one in getattr(self, name)[:EXAMPLES]]
        return counts | {"widest_ms": round(self.widest_ms, 1), "examples": shown}


def judge(folder: Path, window_ms: float) -> Judgement:
    """The verdict on one run."""
    found = Judgement()
    asks = asked(folder)
    outcomes = {(row["customer_id"], row["order_id"]): row["state"] for row in _lines(folder / "outcomes.jsonl")}
    strikes = [Strike(**row) for row in _lines(folder / "strikes.jsonl")]
    accepted: defaultdict[tuple[str, str], list[Accepted]] = defaultdict(list)
    for mail in _ledger(folder / "ledger"):
        accepted[mail.recipient.partition("@")[0], mail.order_id].append(mail)
    found.asked = len(asks)
    found.unasked = [f"{key}" for key in accepted if key not in asks]
    for key, goes_again in asks.items():
        _judge_one(found, key, goes_again, accepted.get(key, []), outcomes.get(key, "missing"), strikes, window_ms)
    return found


def _judge_one(
    found: Judgement,
    key: tuple[str, str],
    goes_again: bool,
    mails: list[Accepted],
    state: str,
    strikes: list[Strike],
    window_ms: float,
) -> None:
    if state not in ("sent", "unknown"):
        found.unfinished.append(f"{key} is {state}")
    if state == "sent" and not mails:
        found.lost.append(f"{key} is said to be sent")
    if state == "unknown" and goes_again:
        found.lost.append(f"{key} should have gone again")
    if len(mails) > 1 and (not goes_again or len({mail.name for mail in mails}) > 1):
        found.doubled.append(f"{key} {mails}")
    if state == "unknown":
        found.unknown_and_arrived += bool(mails)
        found.unknown_and_not += not mails
    found.repeated += max(0, len(mails) - 1)
    _judge_gaps(found, mails, strikes, window_ms, written_down=int(state == "sent"))


def _judge_gaps(
    found: Judgement, mails: list[Accepted], strikes: list[Strike], window_ms: float, *, written_down: int
) -> None:
    """One yes of the server was written down, whichever; the others were not, for their process was struck soon
    afterwards, or while it handed over, or something was away."""
    gaps = sorted((_soonest(mail, strikes, window_ms), mail) for mail in mails)
    for gap_ms, mail in gaps[: len(mails) - written_down]:
        if gap_ms > window_ms:
            found.beyond_window.append(f"{mail}: {gap_ms:.0f} ms before a strike")
        else:
            found.widest_ms = max(found.widest_ms, gap_ms)


def _soonest(mail: Accepted, strikes: list[Strike], window_ms: float) -> float:
    gaps = (strike.gap_ms(mail, window_ms) for strike in strikes if strike.pid in (mail.pid, None))
    return min((gap for gap in gaps if gap is not None), default=inf)


def asked(folder: Path) -> dict[tuple[str, str], bool]:
    """What was asked for, by customer and order: whether it goes again."""
    return {
        (row["customer_id"], row["data"]["order_id"]): row["kind"] in GOES_AGAIN
        for row in _lines(folder / "said.jsonl")
        if row["kind"] in ABOUT_ORDERS
    }


def underway(folder: Path) -> int:
    """How many of the mails that were asked for lately are not accepted; some of them never will be."""
    accepted = {(mail.recipient.partition("@")[0], mail.order_id) for mail in _ledger(folder / "ledger")}
    return len(set(list(asked(folder))[-LATELY:]) - accepted)


def _ledger(path: Path) -> Iterator[Accepted]:
    for line in path.read_text().splitlines():
        at_ns, pid, recipient, name, order_id = line.split(" ")
        yield Accepted(int(at_ns), int(pid), recipient, name, order_id)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        yield json.loads(line)
