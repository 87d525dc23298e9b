"""Articles as messages name them: how many of what, and what they cost. Others wrote the names; they are cleaned here.

Owns how a line is named and how many are named. Must not know any language: what is said around them stands in the
catalogues.
"""

from collections.abc import Sequence
from typing import Any

from contracts.orders import ConfirmedLine
from contracts.vocabulary import NamedLine
from notifier.foreign import clean

MOST_NAMED = 20
LONGEST_TITLE, LONGEST_NAME = 80, 120


def goods_of(lines: Sequence[NamedLine | ConfirmedLine]) -> dict[str, Any]:
    """What a message's content says of these lines: `goods`, and `more_goods` for how many are not named.

    Nothing where no line has a name: a list of numbers tells nobody anything.
    """
    named = [(line, name) for line in lines if (name := name_of(line))]
    if not named:
        return {}
    goods = [_good(line, name) for line, name in named[:MOST_NAMED]]
    more = len(lines) - len(goods)
    return {"goods": goods} | ({"more_goods": more} if more else {})


def name_of(line: NamedLine | ConfirmedLine) -> str | None:
    """`Rain jacket, green, M`: the title and what tells it from its sisters, else the shop's number of it."""
    title = shortened(clean(line.title or ""))
    if not title:
        return clean(line.sku or "") or None
    traits = [clean(trait) for trait in line.variant.values()]
    said = title.casefold()
    return cut(", ".join([title, *(trait for trait in traits if trait and trait.casefold() not in said)]), LONGEST_NAME)


def shortened(title: str) -> str:
    """A title that fits into a sentence."""
    return cut(title, LONGEST_TITLE)


def cut(text: str, most: int) -> str:
    """Its beginning, with a sign that it is no more than that."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _good(line: NamedLine | ConfirmedLine, name: str) -> dict[str, Any]:
    good: dict[str, Any] = {"name": name, "pieces": line.quantity}
    return good | {"price_minor": line.paid_minor} if isinstance(line, ConfirmedLine) else good
