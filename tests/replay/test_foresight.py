"""What early warnings were worth is what the files say: a table of orders and looks, counted by hand."""

from xml.etree import ElementTree as ET

import pytest

from deploy.local.replay.foresight import Look, average_precision, calibration, foresight, looks
from deploy.local.replay.pictures import calibration as calibration_picture
from deploy.local.replay.pictures import precision_recall

END = "2017-10-19T02:00:00Z"
DELIVERED = {"in time": "2017-10-18T20:00:00Z", "late": "2017-10-19T02:00:01Z", "never": ""}
AT_54_H, AT_30_H = ("2017-10-16T20:00:00Z", "0"), ("2017-10-17T20:00:00Z", "1")


def order(order_id: str, outcome: str) -> dict[str, str]:
    return {"order_id": order_id, "promised_until": END, "delivered_at": DELIVERED[outcome]}


def forecast(order_id: str, raw_milli: int, look: tuple[str, str] = AT_54_H, *, ends_at: str = END) -> dict[str, str]:
    at, stage = look
    return {
        "order_id": order_id, "at": at, "ends_at": ends_at, "stage": stage,
        "raw_milli": str(raw_milli), "late_milli": str(raw_milli), "bar_milli": "700",
    }  # fmt: skip


ORDERS = [order("a", "late"), order("b", "in time"), order("c", "late"), order("d", "in time"), order("e", "never")]
FORECASTS = [
    *(forecast(order_id, raw) for order_id, raw in zip("abcde", (900, 800, 700, 600, 950), strict=True)),
    forecast("a", 990, ("2017-10-14T20:00:00Z", "-1")),
    forecast("a", 940, AT_30_H),
    forecast("c", 400, AT_30_H),
]


def test_each_order_counts_once_at_its_last_look_with_the_lead() -> None:
    found = foresight(ORDERS, FORECASTS)["48_h"]
    assert (found["orders"], found["late"], found["never_delivered"]) == (4, 2, 1)
    assert found["plain_rule_precision"] == 0.5
    warned = {"right": 2, "wrong": 1, "precision": 0.6667, "recall": 1.0, "false_alarms_of_plain_rule": 0.5}
    assert found["warned"] == warned
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=0.0001)


def test_at_a_later_look_only_those_count_who_still_waited_then() -> None:
    found = foresight(ORDERS, FORECASTS)["24_h"]
    assert (found["orders"], found["late"]) == (2, 2)
    assert found["warned"]["recall"] == 0.5


def test_a_look_at_a_promise_that_was_moved_is_no_look_at_the_one_that_held() -> None:
    assert looks(ORDERS, [forecast("a", 900, ends_at="2017-10-18T02:00:00Z")], 48) == []


def test_equal_chances_count_together_so_that_their_order_is_no_luck() -> None:
    one = [look for _, look in sorted(enumerate(looks(ORDERS[:2], [forecast("a", 800), forecast("b", 800)], 48)))]
    assert average_precision(one) == average_precision(list(reversed(one))) == 0.5


def test_what_never_came_is_late_to_whoever_waits_for_it() -> None:
    found = looks(ORDERS, FORECASTS, 48)
    assert [tenth for tenth in calibration(found) if tenth["forecast"] > 0.9 or tenth["orders"] > 1] == [
        {"forecast": 0.925, "came_late": 1.0, "orders": 2}
    ]


def test_without_orders_there_are_no_figures_and_still_a_picture() -> None:
    found = foresight([], [])
    assert found["48_h"]["average_precision"] is None
    for figures in (found, foresight(ORDERS, FORECASTS)):
        for picture in (precision_recall(figures), calibration_picture(figures)):
            assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 our own picture


def test_a_look_says_what_was_thought() -> None:
    [first, *_] = looks(ORDERS, [forecast("b", 699)], 48)
    assert isinstance(first, Look)
    assert (first.chance, first.is_warned, first.is_late) == (0.699, False, False)
