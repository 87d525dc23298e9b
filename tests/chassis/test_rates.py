"""Somebody may come at a steady rate, with some seconds of it at once; who waits as long as told is let in."""

import pytest

from chassis.rates import BURST_S, MOST_REMEMBERED, Rates


@pytest.mark.parametrize("per_s", [0.1, 1.0, 20.0, 1_000.0])
def test_a_burst_then_the_steady_rate(per_s: float) -> None:
    rates = Rates(per_s)
    burst = 0
    while not (wait_s := rates.wait_s("eve", 100.0)):
        burst += 1
    assert burst == pytest.approx(max(1, BURST_S * per_s), abs=1)
    assert 0 < wait_s <= 1 / per_s + 1e-9
    assert rates.wait_s("eve", 100.0 + wait_s * 0.9)
    assert rates.wait_s("eve", 100.0 + wait_s + 1e-6) == 0
    let_in = sum(not rates.wait_s("eve", 200.0 + n / per_s / 10) for n in range(20 * burst))
    assert let_in == pytest.approx(3 * burst, abs=2)


def test_nobody_waits_for_another() -> None:
    rates = Rates(1)
    while not rates.wait_s("eve", 0.0):
        pass
    assert rates.wait_s("bob", 0.0) == 0


def test_to_look_costs_nothing() -> None:
    rates = Rates(1)
    assert [rates.wait_s("eve", 0.0, counts=False) for _ in range(100)] == [0.0] * 100


def test_who_waits_in_vain_pays_nothing_for_it() -> None:
    rates = Rates(1)
    waits = [rates.wait_s("eve", 0.0) for _ in range(1_000)]
    assert max(waits) <= 1


def test_a_crowd_of_strangers_takes_no_more_memory_than_it_may() -> None:
    rates = Rates(1)
    for n in range(MOST_REMEMBERED + 500):
        rates.wait_s(f"stranger {n}", n / 1_000_000)
    assert len(rates._even_at_s) <= MOST_REMEMBERED
