"""What an order's points are waiting for."""

import pytest

from contracts import Fact
from loyalty.explanation import OrderExplained, Standing, Totals
from tests.loyalty.facts import Member, cancelled, completed, confirmed, delivered, refunded

NOTHING_MOVED = Totals(
    earned_points=0, vested_points=0, taken_back_points=0, goodwill_points=0, spent_points=0
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        ([refunded(a=1)], Standing.waiting_for_confirmation),
        ([completed()], Standing.waiting_for_confirmation),
        ([confirmed(a=100)], Standing.waiting_for_delivery),
        ([confirmed(a=100), delivered()], Standing.waiting_for_return_window),
        ([confirmed(a=100), delivered(), completed()], Standing.vested),
        ([confirmed(a=100), cancelled()], Standing.cancelled),
        ([cancelled(), completed(), confirmed(a=100)], Standing.cancelled),
    ],
)
def test_an_order_stands_where_its_known_facts_have_brought_it(facts: list[Fact], standing: Standing) -> None:
    order = Member(*facts).account.orders["o1"]

    assert OrderExplained(order=order, totals=NOTHING_MOVED, last_number=0).standing is standing
