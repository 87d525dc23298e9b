"""A message of every kind as an example: for the preview, for tests of words, for whoever wants to see them.

Its values are those of material.py; nobody is called Ada.
"""

from datetime import UTC, datetime
from typing import Any

from contracts.vocabulary import Channel, IssueKind
from notifier.apologies import OURS
from notifier.kinds import KINDS
from notifier.links import PAY, TRACK
from notifier.material import MATERIALS, NAMES_GOODS, OPENED, TRACKED
from notifier.messages import Message
from notifier.people import Person
from notifier.ways import Ways

MOMENT = datetime(2026, 10, 6, 9, 30, tzinfo=UTC)
SHOWN = tuple(key for key in MATERIALS if key.partition(".")[0] in KINDS)
"""The entries of what can be said."""
_NOT_CONTENT = ("given_name", "shop", "reply", "order_id", "opening", "declared")
_PRICED = [
    {"name": "Stoneware mug, sage", "pieces": 2, "price_minor": 3_380},
    {"name": "Tea towel, set of two, indigo", "pieces": 1, "price_minor": 2_120},
]
_GOODS: list[dict[str, Any]] = [{name: good[name] for name in ("name", "pieces")} for good in _PRICED]
_SORRY = ("order_delivered", "order_cancelled", "goodwill_granted")
"""As their values are: late, and by the shop."""
_LINKS = {
    "issue_opened.payment_failed": {PAY: "https://shop.example/orders/o-1048/pay"},
    **{key: {TRACK: "https://tracking.carrier.example/00340434161094042557"} for key in TRACKED},
}


def sample_message(key: str, *, bare: bool = False) -> Message:
    """The entry's message with everything known, or with nothing known that may be unknown."""
    values = MATERIALS[key].samples[-1 if bare else 0]
    kind, _, issue_kind = key.partition(".")
    content = {name: value for name, value in values.items() if name not in _NOT_CONTENT}
    if issue_kind:
        content |= {"issue_kind": issue_kind, "known": values.get("declared") or ""}
        content["sorry"] = IssueKind(issue_kind) in OURS
    if key in _SORRY:
        content["sorry"] = True
    if not bare:
        content |= _beside(key)
    return Message(
        message_id=f"sample-{key}", customer_id="sample", kind=kind, subject="sample", intended_at=MOMENT,
        expires_at=MOMENT, ready_at=MOMENT, order_id=values.get("order_id"), content=content, correlation_id="sample",
    )  # fmt: skip


def _beside(key: str) -> dict[str, Any]:
    """Goods and links, of which sentences name nothing."""
    goods = _PRICED if key == "order_confirmed" else _GOODS[:1] if key == "order_shipped" else _GOODS
    return ({"goods": goods} if key in NAMES_GOODS else {}) | _LINKS.get(key, {})


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
