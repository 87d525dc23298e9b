"""What runs add up to: ratios of one round, medians over rounds, and which rounds do not count."""

from itertools import islice

import pytest

from benchmarks import picture
from benchmarks.measuring import Measured
from benchmarks.plan import Plan
from benchmarks.results import ratios, summaries, table, void_rounds
from benchmarks.shoppers import order_facts
from benchmarks.storefronts import storefront_facts


def run(mode: str, round_: int, speed: float, section: str = "loyalty") -> Measured:
    return Measured(section=section, mode=mode, round=round_, events=10, seconds=1.0, events_per_s=speed, cpu_us=1.0)


QUIET = [run("raw", 1, 100_000), run("by hand", 1, 5_000), run("service", 1, 6_000)]
BUSY = [run("raw", 2, 50_000), run("by hand", 2, 2_500), run("service", 2, 2_000)]
DISTURBED = [run("raw", 3, 100_000), run("by hand", 3, 3_000), run("service", 3, 9_000)]


def test_a_ratio_is_of_two_modes_in_one_round() -> None:
    found = {(ratio.mode, ratio.beside): ratio for ratio in ratios(QUIET + BUSY)}
    beside_by_hand = found["service", "by hand"]
    assert (beside_by_hand.lowest, beside_by_hand.median, beside_by_hand.highest) == (0.8, 1.0, 1.2)


def test_a_round_whose_loop_by_hand_was_disturbed_does_not_count() -> None:
    assert void_rounds(QUIET + BUSY + DISTURBED) == {("loyalty", 3)}
    assert ratios(QUIET + DISTURBED) == ratios(QUIET)


def test_a_mode_is_told_by_its_median_and_spread() -> None:
    (summary,) = summaries([run("service", number, speed) for number, speed in enumerate((100.0, 110.0, 90.0))])
    assert (summary.events_per_s, summary.spread, summary.rounds) == (100.0, 0.2, 3)


def test_of_latencies_the_slowest_in_a_hundred_are_compared_and_smaller_is_better() -> None:
    few, many = (
        Measured(
            section="timeline", mode=mode, round=1, events=10, seconds=1.0, events_per_s=1.0, cpu_us=1.0, p99_ms=p99_ms
        )
        for mode, p99_ms in (("10,000 orders", 2.0), ("2,000,000 orders", 2.5))
    )
    (ratio,) = ratios([few, many])
    assert (ratio.median, ratio.reach) == (1.25, 1.3)
    assert "2,000,000 orders : 10,000 orders (p99, smaller is better) | 1.25 | 1.25 – 1.25 | ≤ 1.3 |" in table(
        [few, many]
    )


def test_tables_and_picture_show_every_ratio() -> None:
    assert table(QUIET).count("service : by hand") == 1
    assert picture.svg(ratios(QUIET)).count("service : by hand") == 1


@pytest.mark.parametrize("facts", [order_facts, storefront_facts])
def test_the_same_seed_says_the_same_events(facts: type) -> None:
    one, other = (list(islice(facts(7, 100), 2_000)) for _ in range(2))
    assert one == other
    assert [event.time for event in one] == sorted(event.time for event in one)


def test_a_quick_run_is_shorter_and_a_full_one_has_every_section() -> None:
    quick, full = Plan.from_environment({"QUICK": "1"}), Plan.from_environment({"SCALE": "full"})
    assert quick.rounds * quick.seconds < full.rounds * full.seconds
    assert set(full.sections) - set(quick.sections) == {"morning", "scale", "endurance"}
    assert (quick.many_orders, full.many_orders) == (100_000, 2_000_000)


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is not known"):
        Plan.from_environment({"ONLY": "nothing"})
