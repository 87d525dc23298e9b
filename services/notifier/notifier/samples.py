"""A message of every kind as an example: for the preview, for tests of words, for whoever wants to see them.

Its values are those of material.py; nobody is called Ada.
"""

from datetime import UTC, datetime

from contracts.vocabulary import Channel, IssueKind
from notifier.apologies import OURS
from notifier.kinds import KINDS
from notifier.material import MATERIALS, OPENED
from notifier.messages import Message
from notifier.people import Person
from notifier.ways import Ways

MOMENT = datetime(2026, 10, 6, 9, 30, tzinfo=UTC)
SHOWN = tuple(key for key in MATERIALS if key.partition(".")[0] in KINDS)
"""The entries of what can be said."""
_NOT_CONTENT = ("given_name", "shop", "order_id", "opening", "declared")


def sample_message(key: str, *, bare: bool = False) -> Message:
    """The entry's message with everything known, or with nothing known that may be unknown."""
    values = MATERIALS[key].samples[-1 if bare else 0]
    kind, _, issue_kind = key.partition(".")
    content = {name: value for name, value in values.items() if name not in _NOT_CONTENT}
    if issue_kind:
        content |= {"issue_kind": issue_kind, "known": values.get("declared") or ""}
        content["sorry"] = IssueKind(issue_kind) in OURS
    return Message(
        message_id=f"sample-{key}", customer_id="sample", kind=kind, subject="sample", intended_at=MOMENT,
        expires_at=MOMENT, ready_at=MOMENT, order_id=values.get("order_id"), content=content, correlation_id="sample",
    )  # fmt: skip


def sample_person(locale: str, email: str = "ada@shop.example", *, bare: bool = False) -> Person:
    """Somebody who speaks that language."""
    return Person(addresses={Channel.email: email}, given_name=None if bare else "Ada", locale=locale)


def sample_ways(key: str) -> Ways:
    """Where links would lead."""
    action = "https://shop.example/s/sample" if key == "survey" else None
    return Ways(action=action, preferences="https://shop.example/preferences/sample")


def kind_of(key: str) -> str:
    """Of an entry, what kind of message it is."""
    return OPENED if key.startswith(f"{OPENED}.") else key
