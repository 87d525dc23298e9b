"""Why an order was cancelled, as far as a customer is told: a few reasons that have words, silence for all others.

What a shop writes beside a cancellation is for itself, in its own language, and may name people or suspicions. So only
what is one of these reasons goes on; how each is said stands in the catalogues (`order_cancelled.when.reason`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Why(StrEnum):
    """The reasons that have words in every language."""

    out_of_stock = "out_of_stock"
    discontinued = "discontinued"
    mistake = "mistake"
    """The shop's own, like a wrong price."""
    duplicate = "duplicate"
    """The same order came twice."""
    undeliverable = "undeliverable"
    """Nothing can be sent to that address."""


_SHOPIFYS: Final[Mapping[str, Why]] = {"inventory": Why.out_of_stock, "staff": Why.mistake}
"""Of its `cancel_reason` (OrderCancelReason): insufficient inventory, an error of staff. `fraud` and `other` are no
customer's business; what `customer` and `declined` mean, who cancelled says."""
_BY_CODE: Final[Mapping[str, Why]] = {**{str(one): one for one in Why}, **_SHOPIFYS}


def why(reason: str | None) -> Why | None:
    """The reason behind a cancellation that customers are told; None for none, and for words of the shop's own."""
    return _BY_CODE.get((reason or "").strip().casefold().replace(" ", "_").replace("-", "_"))
