"""The model by itself: small topics in, what must come of them out. Hours count from the placing of the order."""

import ast
import base64
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import model
from tests.chaos.model import __main__ as command
from tests.chaos.model.envelope import OutsideScenario, text
from tests.chaos.model.expectation import expect
from tests.chaos.model.malformed import reasons
from tests.chaos.model.records import TOPICS, Record

START = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
PROMISED_H = 48
COMPLETED_H = 24 * 14  # after delivery
LINES = [{"line_id": "shirt", "quantity": 2, "paid_minor": 5999}, {"line_id": "pin", "quantity": 1, "paid_minor": 99}]

Said = tuple[float, str, dict[str, Any]]

PLACED: Said = (0, "order-placed", {"lines": LINES})
PAID: Said = (1, "order-paid", {})
FAILED: Said = (0.5, "payment-failed", {})
PACKED: Said = (5, "shipment-created", {"shipment_id": "p-1"})
CANCELLED: Said = (4, "order-cancelled", {"by": "customer"})
ERASED: Said = (3, "customer-erased", {})


def _scan(hour: float, status: str) -> Said:
    return hour, "shipment-progressed", {"shipment_id": "p-1", "status": status}


def _refund(hour: float, refund_id: str, *amounts: tuple[str, int]) -> Said:
    lines = [{"line_id": line_id, "quantity": 1, "amount_minor": minor} for line_id, minor in amounts]
    total_minor = sum(minor for _, minor in amounts)
    return hour, "order-refunded", {"refund_id": refund_id, "amount_minor": total_minor, "lines": lines}


def _request(hour: float, points: int, **more: Any) -> Said:
    return hour, "goodwill-requested", {"order_id": None, "request_id": "r-1", "points": points, **more}


def _line(hour: float, kind: str, **more: Any) -> Said:
    return hour, kind, {"line_id": "shirt", **more}


BACK_IN_TIME = _refund(200, "r-1", ("shirt", 1), ("shirt", 1), ("pin", 1))
BACK_LATE = _refund(260, "r-1", ("shirt", 1), ("shirt", 1), ("pin", 1))
MOVED, IN_TIME = _scan(6, "picked_up"), _scan(20, "delivered")
DELIVERED = [PLACED, PAID, PACKED, MOVED, IN_TIME]


def _at(hour: float) -> str:
    return text(START + timedelta(hours=hour))


def _data(hour: float, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    own = {"placed_at": _at(hour), "promised_by": _at(PROMISED_H)} if kind == "order-placed" else {}
    return {"customer_id": "ada", "order_id": "o-1", "occurred_at": _at(hour), **own, **fields}


def _topic(kind: str) -> str:
    context = {"shipment": "shipments", "customer": "customers"}.get(kind.partition("-")[0], "orders")
    return "feedback" if kind == "goodwill-requested" else f"storefront.{context}"


def _record(offset: int, said: Said, event_id: str = "", data: dict[str, Any] | None = None) -> Record:
    hour, kind, fields = said
    topic = _topic(kind)
    value = json.dumps(data or _data(hour, kind, fields)).encode()
    attributes = {
        "ce_specversion": "1.0",
        "ce_type": f"{topic.partition('.')[0]}.{kind}.v1",
        "ce_source": "/storefronts/chaos",
        "ce_id": event_id or f"{kind} {hour:g}",
        "ce_time": _at(hour),
    }
    headers = tuple((name, content.encode()) for name, content in attributes.items())
    return Record(topic, 0, offset, b"ada", value, headers)


def _expect(*story: Said) -> dict[str, list[dict[str, Any]]]:
    return expect(_record(offset, said) for offset, said in enumerate(story))


def _hours(moment: str) -> float:
    return (datetime.fromisoformat(moment) - START) / timedelta(hours=1)


def _facts(*story: Said) -> list[str]:
    """`hour type` of each, without version; of issues the kind and what ended them."""
    return [_named(fact) for fact in _expect(*story)["facts"]]


def _named(fact: dict[str, Any]) -> str:
    details = [
        str(fact["data"][name])
        for name in ("kind", "resolution", "tier", "segment", "milestone")
        if name in fact["data"]
    ]
    return " ".join([f"{_hours(fact['time']):g}", fact["type"].split(".")[1], *details])


def _issues(*story: Said) -> list[str]:
    """`kind part: opened-resolved resolution` of each."""
    return [
        f"{issue['subject'].removeprefix('o-1|')}: {_hours(issue['opened_at']):g}"
        + (f" {_hours(issue['resolved_at']):g} {issue['resolution']}" if issue["resolution"] else "")
        for issue in _expect(*story)["issues"]
    ]


def _ledger(*story: Said) -> list[str]:
    """`number reference points from to` of each."""
    return [
        f"{one['number']} {one['reference']}: {one['points']} {one['from']} {one['to']}"
        for one in _expect(*story)["ledger"]
    ]


def test_the_model_imports_nothing_but_the_standard_library() -> None:
    for path in Path(model.__path__[0]).rglob("*"):
        if path.suffix == ".py":
            assert set(_imported(ast.parse(path.read_text()))) <= sys.stdlib_module_names, path


def _imported(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "."] if not node.level else ["."]
        for name in names:
            if name != model.__name__ and not name.startswith(f"{model.__name__}."):
                yield name.partition(".")[0]


@pytest.mark.parametrize(
    ("story", "facts"),
    [
        ([PLACED, MOVED, IN_TIME], ["6 order-shipped", "20 order-delivered", "356 order-completed"]),
        ([PLACED, PAID, CANCELLED], ["1 order-confirmed", "4 order-cancelled"]),
        ([PLACED, _scan(7, "delivered")], ["7 order-shipped", "7 order-delivered", "343 order-completed"]),
        (
            [*DELIVERED, _refund(30, "r-1", ("shirt", 1))],
            ["1 order-confirmed", "6 order-shipped", "20 order-delivered", "30 order-refunded", "356 order-completed"],
        ),
    ],
)
def test_an_order_says_what_happened_to_it(story: list[Said], facts: list[str]) -> None:
    assert [fact for fact in _facts(*story) if " order-" in fact] == facts


@pytest.mark.parametrize(
    ("story", "issues"),
    [
        (DELIVERED, []),
        ([PLACED, FAILED, PAID, MOVED, IN_TIME], ["payment_failed|: 0.5 1 paid"]),
        ([PLACED, FAILED], ["payment_failed|: 0.5"]),
        ([PLACED, FAILED, CANCELLED], ["payment_failed|: 0.5 4 cancelled"]),
        ([PLACED, FAILED, (60, "order-paid", {})], ["payment_failed|: 0.5 60 paid"]),
        ([PLACED, PAID], ["delivery_at_risk|: 47 48 absorbed", "delivery_late|: 48"]),
        ([PLACED, PAID, (47.5, "order-cancelled", {"by": "shop"})],
         ["delivery_at_risk|: 47 47.5 cancelled", "refund_overdue|: 287.5"]),
        ([PLACED, PAID, (60, "order-cancelled", {"by": "shop"})],
         ["delivery_at_risk|: 47 48 absorbed", "delivery_late|: 48 60 cancelled", "refund_overdue|: 300"]),
        ([PLACED, PAID, _scan(47.2, "picked_up"), _scan(47.5, "delivered")], ["delivery_at_risk|: 47 47.5 delivered"]),
        ([PLACED, PAID, MOVED, _scan(50, "delivered")], ["delivery_late|: 48 50 delivered"]),
        ([PLACED, (47.5, "payment-failed", {})], ["delivery_at_risk|: 47", "payment_failed|: 47.5"]),
        ([PLACED, ERASED], []),
        ([PLACED, (47.5, "customer-erased", {})], ["delivery_at_risk|: 47"]),
        ([PLACED, (50, "customer-erased", {}), _scan(51, "delivered")],
         ["delivery_at_risk|: 47 48 absorbed", "delivery_late|: 48 51 delivered"]),
        ([PLACED, _line(2, "line-unavailable"), _line(3, "line-available"), IN_TIME],
         ["item_unavailable|shirt: 2 3 available"]),
        ([PLACED, _line(2, "line-unavailable"), MOVED, IN_TIME], ["item_unavailable|shirt: 2 20 delivered"]),
        ([PLACED, _line(2, "line-unavailable"), CANCELLED], ["item_unavailable|shirt: 2 4 cancelled"]),
        ([PLACED, _line(2, "line-substituted"), _line(3, "line-substituted", agreed=True), IN_TIME],
         ["item_substituted|shirt: 2 3 substitution_agreed"]),
        ([PLACED, _line(2, "line-substituted"), IN_TIME], ["item_substituted|shirt: 2"]),
        ([PLACED, _line(2, "line-substituted"), IN_TIME,
          _refund(30, "r-1", ("pin", 1)), _refund(31, "r-2", ("shirt", 5998)), _refund(32, "r-3", ("shirt", 1))],
         ["item_substituted|shirt: 2 32 refunded"]),
        ([PLACED, _line(2, "line-substituted"), IN_TIME,
          _refund(31, "r-2", ("shirt", 1)), _refund(32, "r-3", ("shirt", 1))],
         ["item_substituted|shirt: 2"]),
        ([PLACED, PAID, CANCELLED], ["refund_overdue|: 244"]),
        ([PLACED, CANCELLED], []),
        ([PLACED, PAID, CANCELLED, BACK_IN_TIME], []),
        ([PLACED, PAID, CANCELLED, BACK_LATE], ["refund_overdue|: 244 260 refunded"]),
        ([PLACED, PAID, CANCELLED, (243, "customer-erased", {})], []),
        ([PLACED, MOVED, _scan(7, "attempt_failed"), _scan(8, "out_for_delivery"), IN_TIME],
         ["attempt_failed|p-1: 7 8 moved"]),
        ([PLACED, _scan(7, "attempt_failed"), IN_TIME], ["attempt_failed|p-1: 7 20 delivered"]),
    ],
)  # fmt: skip
def test_an_issue_opens_and_ends_by_what_heals_it(story: list[Said], issues: list[str]) -> None:
    assert _issues(*story) == issues


@pytest.mark.parametrize(("erased_hour", "worse"), [(1000, 1), (300, 0)])
def test_money_that_is_owed_for_long_is_said_again_while_somebody_is_there_to_hear(
    erased_hour: float, worse: int
) -> None:
    facts = _expect(PLACED, PAID, CANCELLED, (erased_hour, "customer-erased", {}))["facts"]
    updates = [fact for fact in facts if fact["type"] == "orders.issue-updated.v1"]
    assert [(fact["time"], fact["data"]["severity"]) for fact in updates] == [(_at(4 + 20 * 24), "critical")] * worse


def test_what_a_deadline_opens_has_no_event_as_its_cause() -> None:
    rows = _expect(PLACED, FAILED, PAID, MOVED)
    assert [issue["opened_by"] for issue in rows["issues"]] == ["payment-failed 0.5", None]
    causes = {fact["type"]: fact["cause_event_id"] for fact in rows["facts"]}
    assert causes["orders.order-confirmed.v1"] == "order-paid 1"
    assert causes["loyalty.points-earned.v1"] is None


@pytest.mark.parametrize(("hour", "late"), [(47.9, False), (48.1, True)])
def test_a_delivery_after_the_promise_is_late(hour: float, late: bool) -> None:
    story = [PLACED, PAID, MOVED, _scan(hour, "delivered")]
    (said,) = [fact for fact in _expect(*story)["facts"] if fact["type"] == "orders.order-delivered.v1"]
    assert said["data"] == {"order_id": "o-1", "occurred_at": _at(hour), "late": late}


STAGES = ["1 segment-changed new", "1 milestone-reached first_order", "2149.5 segment-changed at_risk",
          "4309.5 segment-changed lapsed"]  # fmt: skip
"""Of one order on a Monday morning: at risk 90 days later, lapsed after 180, both at midnight in summer's Berlin."""


@pytest.mark.parametrize(
    ("story", "facts"),
    [
        (DELIVERED, STAGES),
        ([PLACED, MOVED, IN_TIME], []),
        ([PLACED, PAID, CANCELLED], STAGES[:2]),
        ([PLACED, PAID, ERASED], STAGES[:2]),
        ([PLACED, ERASED, (4, "order-paid", {})], []),
    ],
)
def test_a_customer_stands_where_purchases_and_silence_say(story: list[Said], facts: list[str]) -> None:
    said = [fact for fact in _facts(*story) if "segment" in fact or "milestone" in fact]
    assert said == facts


EARNED = "1 earned o-1 shirt: 59 programme:earned member:pending"
VESTED = "2 vested o-1: 59 member:pending member:available"


@pytest.mark.parametrize(
    ("story", "ledger"),
    [
        (DELIVERED, [EARNED, VESTED]),
        ([PLACED, PAID, CANCELLED, _refund(5, "r-1", ("shirt", 5999))],
         [EARNED, "2 cancelled o-1 shirt: 59 member:pending programme:earned"]),
        ([*DELIVERED, _refund(30, "r-1", ("shirt", 1000))],
         [EARNED, "2 refunded o-1 r-1 shirt: 10 member:pending programme:earned",
          "3 vested o-1: 49 member:pending member:available"]),
        ([*DELIVERED, _refund(400, "r-1", ("shirt", 99)), _refund(401, "r-2", ("shirt", 1))],
         [EARNED, VESTED, "3 refunded o-1 r-2 shirt: 1 member:available programme:earned"]),
        ([*DELIVERED, _refund(30, "r-1", ("shirt", 5999)), _refund(31, "r-2", ("shirt", 5999))],
         [EARNED, "2 refunded o-1 r-1 shirt: 59 member:pending programme:earned"]),
        ([PLACED, PAID, MOVED, _scan(50, "delivered")],
         [EARNED, "2 late o-1: 100 programme:goodwill member:available",
          "3 vested o-1: 59 member:pending member:available"]),
        ([_request(2, 1000)], ["1 requested r-1: 1000 programme:goodwill member:available"]),
        ([_request(2, 1001)], []),
        ([ERASED, _request(4, 1)], []),
        ([PLACED, ERASED, (4, "order-paid", {}), MOVED, IN_TIME], []),
        ([PLACED, PAID, ERASED, MOVED, IN_TIME], [EARNED, VESTED]),
    ],
)  # fmt: skip
def test_points_follow_the_money(story: list[Said], ledger: list[str]) -> None:
    assert _ledger(*story) == ledger


@pytest.mark.parametrize(
    ("erased_at", "tiers"),
    [
        (900, ["356 tier-reached gold", "400 tier-lost bronze"]),
        (380, ["356 tier-reached gold"]),
        (3, []),
    ],
)
def test_a_tier_follows_vested_points_until_its_member_is_erased(erased_at: float, tiers: list[str]) -> None:
    lines = [{"line_id": "ring", "quantity": 1, "paid_minor": 200_000}]
    placed: Said = (0, "order-placed", {"lines": lines})
    erased: Said = (erased_at, "customer-erased", {})
    facts = _facts(placed, PAID, erased, MOVED, IN_TIME, _refund(400, "r-1", ("ring", 150_001)))
    assert [fact for fact in facts if "tier" in fact] == tiers


@pytest.mark.parametrize(
    ("story", "word", "data"),
    [
        ([_request(2, 7)], "granted", {"order_id": None, "points": 7, "reason": "requested", "available_points": 7}),
        ([_request(2, 1001, order_id="o-1")], "refused", {"order_id": "o-1", "reason": "over_cap"}),
        ([ERASED, _request(4, 1001)], "refused", {"order_id": None, "reason": "customer_erased"}),
    ],
)
def test_a_request_is_answered(story: list[Said], word: str, data: dict[str, Any]) -> None:
    (fact,) = _expect(*story)["facts"]
    assert fact["type"] == f"loyalty.goodwill-{word}.v1"
    assert (fact["subject"], fact["data"]) == ("r-1", {"request_id": "r-1", **data})


def test_balances_are_those_after_the_item() -> None:
    facts = _expect(*DELIVERED, _refund(400, "r-1", ("shirt", 100)))["facts"]
    said = [fact["data"] for fact in facts if fact["type"].startswith("loyalty.")]
    assert [(one["points"], one["available_points"], one["pending_points"]) for one in said] == [
        (59, 0, 59),
        (59, 59, 0),
        (1, 58, 0),
    ]
    assert said[-1]["refund_id"] == "r-1"


def test_topics_have_no_order_among_each_other() -> None:
    assert _expect(*reversed(DELIVERED))["facts"] == _expect(*DELIVERED)["facts"]


def test_what_is_repeated_or_said_again_changes_nothing() -> None:
    again = [_request(2, 7), *DELIVERED, _refund(30, "r-1", ("shirt", 1000))]
    records = [_record(offset, said) for offset, said in enumerate(again)]
    later = [
        _record(offset + 100, (offset + 40, kind, fields), f"again {kind} {hour}", _data(hour, kind, fields))
        for offset, (hour, kind, fields) in enumerate(again)
    ]
    once, twice = expect(records), expect([*records, *records, *later])
    assert [once[name] for name in ("parked", "facts", "ledger", "issues")] == [
        twice[name] for name in ("parked", "facts", "ledger", "issues")
    ]
    assert len(twice["applied"]) == 2 * len(once["applied"])


def test_an_id_with_another_value_is_parked_as_often_as_it_comes() -> None:
    first, other = _record(0, PLACED), _record(1, _refund(2, "r-1", ("pin", 1)), "order-placed 0")
    rows = expect([first, other, first._replace(offset=2), other._replace(offset=3)])
    assert [(row["service"], row["offset"], row["reason"]) for row in rows["parked"]] == [
        ("orders-listener", 1, "id_reused"),
        ("orders-listener", 3, "id_reused"),
    ]
    assert len(rows["applied"]) == 1


@pytest.mark.parametrize(
    ("topic", "services"),
    [
        ("storefront.orders", ["orders-listener"]),
        ("storefront.shipments", ["orders-listener"]),
        ("storefront.customers", ["orders-listener", "loyalty"]),
        ("feedback", ["loyalty"]),
    ],
)
def test_whoever_reads_an_unreadable_record_parks_it(topic: str, services: list[str]) -> None:
    corpus = reasons()
    rows = expect(Record(topic, 4, offset, *content) for offset, content in enumerate(corpus))
    assert [row["reason"] for row in rows["parked"]] == [*corpus.values()] * len(services)
    assert sorted({row["service"] for row in rows["parked"]}) == sorted(services)
    assert rows["applied"] == []


def test_the_corpus_is_understood() -> None:
    named = set(reasons().values())
    assert {"value_too_large", "too_deep", "missing_value", "empty_value", "bad_header", "utf16"} <= named
    assert "id_reused" not in named  # only an inbox can tell


def test_loyalty_takes_in_what_orders_said_and_works_from_what_should_have_been_said() -> None:
    stray = _record(0, (2, "order-confirmed", {"lines": LINES}))
    headers = tuple(
        (name, value.replace(b"storefront.", b"orders.") if value else value) for name, value in stray.headers
    )
    said = stray._replace(topic="orders", headers=headers)
    rows = expect([said])
    assert [(row["service"], row["event_id"]) for row in rows["applied"]] == [("loyalty", "order-confirmed 2")]
    assert rows["ledger"] == []


@pytest.mark.parametrize(
    "story",
    [[PAID], [PLACED, (1, "order-changed", {})], [PLACED, (2, "order-placed", {"lines": LINES})]],
)
def test_what_the_contract_does_not_name_is_refused(story: list[Said]) -> None:
    with pytest.raises(OutsideScenario):
        _expect(*story)


def test_what_is_neither_readable_nor_known_to_be_unreadable_is_refused() -> None:
    with pytest.raises(OutsideScenario):
        expect([_record(0, PLACED)._replace(value=b"?")])


def test_files_go_in_and_come_out(tmp_path: Path) -> None:
    records = [_record(offset, said) for offset, said in enumerate([*DELIVERED, ERASED])]
    for topic in TOPICS:
        lines = [json.dumps(_dumped(record)) + "\n" for record in records if record.topic == topic]
        (tmp_path / f"{topic}.jsonl").write_text("".join(lines))
    command.main([str(tmp_path), str(tmp_path / "expected")])
    for name, rows in expect(records).items():
        written = (tmp_path / "expected" / f"{name}.jsonl").read_text().splitlines()
        assert sorted(written) == sorted(json.dumps(row) for row in rows)


def _dumped(record: Record) -> dict[str, Any]:
    headers = [[name, base64.b64encode(value or b"").decode()] for name, value in record.headers]
    key, value = (base64.b64encode(part or b"").decode() for part in (record.key, record.value))
    return {**record.place, "timestamp_ms": 0, "key": key, "value": value, "headers": headers}
