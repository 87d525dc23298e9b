"""The traffic keeps what README.md promises to the model, and the judge sees what is wrong."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from contracts.kafka import from_record
from contracts.unreadable import Unreadable
from tests.chaos import traffic
from tests.chaos.judge import Verdict, compare
from tests.chaos.plan import plan_of
from tests.chaos.points import POINTS
from tests.chaos.records import Raw
from tests.chaos.stories import HOT_CUSTOMER, Stories
from tests.chassis.malformed.corpus import specimens

SEED, EVENTS = 3, 4_000


@cache
def _records() -> tuple[Raw, ...]:
    return tuple(record for chunk in traffic.chunks(SEED, EVENTS) for record in chunk.records)


def _id(record: Raw) -> tuple[str, bytes | None]:
    return record.topic, dict(record.headers).get("ce_id")


def _readable() -> Iterator[Raw]:
    for record in _records():
        try:
            kind = (dict(record.headers).get("ce_type") or b"").decode()
            headers: Any = record.headers  # also null contents, as a client hands them on
            from_record(record.key, record.value, headers, wanted=(kind,))
        except (Unreadable, UnicodeDecodeError):
            continue
        yield record


def test_the_same_seed_says_the_same() -> None:
    assert traffic.chunks(1, 1_000) == traffic.chunks(1, 1_000)
    assert traffic.chunks(1, 1_000) != traffic.chunks(2, 1_000)


def test_about_as_much_is_said_as_was_asked_for() -> None:
    assert 0.9 < len(_records()) / EVENTS < 1.1


def test_a_fifth_of_the_records_are_repetitions() -> None:
    times = Counter(_readable())
    assert 0.17 < sum(number - 1 for number in times.values()) / len(_records()) < 0.23


def test_a_tenth_of_the_traffic_is_one_customers() -> None:
    hot = sum(record.key == HOT_CUSTOMER.encode() for record in _records())
    assert 0.06 < hot / len(_records()) < 0.14


def test_every_unreadable_class_is_there() -> None:
    said = {(record.key, record.value, record.headers) for record in _records()}
    for specimen in specimens("parked"):
        assert (specimen.record.key, specimen.record.value, tuple(specimen.record.headers)) in said, specimen.name


def test_no_two_things_are_said_at_the_same_time() -> None:
    moments = [said.at for said in Stories(SEED, 500).told()]
    assert len(moments) == len(set(moments))


def test_first_occurrences_stand_in_the_order_of_time_and_before_it_has_been_reached() -> None:
    seen: set[Raw] = set()
    last: dict[tuple[str, int], str] = {}
    reached_at = ""
    for chunk in traffic.chunks(SEED, EVENTS):
        for record in chunk.records:
            time = (dict(record.headers).get("ce_time") or b"").decode(errors="replace")
            if record in seen or not (record.key or b"").startswith((b"customer-", HOT_CUSTOMER.encode())):
                continue
            seen.add(record)
            assert reached_at <= time < _text(chunk.reached_at)
            assert last.get((record.topic, record.partition), "") < time
            last[record.topic, record.partition] = time
        reached_at = _text(chunk.reached_at)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_reused_id_says_something_else() -> None:
    contents: dict[tuple[str, bytes | None], set[bytes | None]] = {}
    for record in _readable():
        contents.setdefault(_id(record), set()).add(record.value)
    assert any(len(values) > 1 for values in contents.values())


def test_the_last_word_comes_long_after_everything() -> None:
    *_, before, last = traffic.chunks(SEED, EVENTS)
    assert last.reached_at - before.reached_at > timedelta(days=60)


def test_every_point_gets_its_kills_at_both_services() -> None:
    plan = plan_of(SEED, 2 * len(POINTS) * 5)
    for acts in plan.acts.values():
        kills = Counter(act.at for act in acts if act.kind == "kill")
        assert kills == dict.fromkeys(POINTS, 5)


def _row(customer: str, at: int, what: str = "") -> dict[str, object]:
    return {"service": "loyalty", "customer_id": customer, "time": str(at), "what": what}


def test_what_is_missing_is_lost_and_what_is_too_much_is_doubled() -> None:
    verdict = Verdict()
    compare(verdict, "facts", [_row("ada", 1), _row("ada", 2)], [_row("ada", 2), _row("ada", 2)])
    assert _found(verdict) == (1, 1, 0)
    assert not verdict.is_clean


def test_order_counts_within_one_customer_only() -> None:
    verdict = Verdict()
    ada, ben = [_row("ada", 1), _row("ada", 2)], [_row("ben", 1)]
    compare(verdict, "facts", ada + ben, ben + ada)
    assert verdict.is_clean
    compare(verdict, "facts", ada + ben, [*reversed(ada), *ben])
    assert _found(verdict) == (0, 0, 2)


def test_what_should_not_be_parked_is_named() -> None:
    verdict = Verdict()
    compare(verdict, "parked", [], [_row("ada", 1, "id_reused")])
    assert verdict.parked_without_reason == 1
    assert _found(verdict) == (0, 0, 0)
    assert not verdict.is_clean


def _found(verdict: Verdict) -> tuple[int, ...]:
    return tuple(verdict.figures[name] for name in ("lost", "doubled", "reordered"))
