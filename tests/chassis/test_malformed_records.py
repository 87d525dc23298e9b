"""Nothing that arrives can stop a worker: every kind of broken record has its own reason and keeps its bytes."""

import json
import time
from pathlib import Path

import pytest

from contracts.catalogue import catalogue
from contracts.kafka import from_record
from contracts.unreadable import Reason, Unreadable
from tests.chassis.malformed.corpus import Raw, Specimen, specimens

EVERYTHING = frozenset(catalogue())


def _name(specimen: Specimen) -> str:
    return specimen.name


def _read(record: Raw) -> object:
    return from_record(record.key, record.value, record.headers, wanted=EVERYTHING)


@pytest.mark.parametrize("specimen", specimens("parked"), ids=_name)
def test_each_class_is_refused_with_its_own_reason(specimen: Specimen) -> None:
    with pytest.raises(Unreadable) as refused:
        _read(specimen.record)
    assert refused.value.reason == specimen.expect["parked"]


@pytest.mark.parametrize("kind", ["accepted", "worker", "rejected_by_fold"])
def test_what_others_decide_can_be_read(kind: str) -> None:
    for specimen in specimens(kind):
        assert _read(specimen.record) is not None, specimen.name


def test_what_was_read_before_can_be_read() -> None:
    for specimen in specimens():
        assert specimen.before is None or _read(specimen.before) is not None, specimen.name


def test_every_reason_has_a_specimen() -> None:
    assert {specimen.expect["parked"] for specimen in specimens("parked")} == {str(reason) for reason in Reason}


def test_a_reason_names_no_value_of_the_record() -> None:
    name = "Ada Lovelace - at home\nin London"
    value = json.dumps(
        {"customer_id": "ada", "order_id": "o", "occurred_at": "2026-03-01T00:00:00Z", "by": name}
    ).encode()
    headers = _of_type("storefront.order-cancelled.v1")
    with pytest.raises(Unreadable) as refused:
        from_record(b"ada", value, headers, wanted=EVERYTHING)
    assert refused.value.reason is Reason.unknown_value
    assert "Ada" not in refused.value.detail
    assert "London" not in refused.value.detail


@pytest.mark.parametrize("filling", [b'\\"', b'"', b"\\", b"[", b'{"a":', b"9", b"\\u0000", b"\\ud800"])
def test_hostile_bytes_are_diagnosed_quickly(filling: bytes) -> None:
    for beginning in (b'{"order_id":"', b'{"order_id":', b'{"customer_id":NaN,"x":"'):
        value = (beginning + filling * 1_048_576)[:1_048_576]
        began = time.process_time()
        with pytest.raises(Unreadable):
            from_record(b"ada", value, _of_type("storefront.order-paid.v1"), wanted=EVERYTHING)
        assert time.process_time() - began < 2


def test_each_specimen_lies_in_the_file_of_its_class() -> None:
    files = {path.stem for path in Path(__file__).parent.joinpath("malformed").glob("*.json")}
    assert files == {specimen.name for specimen in specimens()}
    assert all(len(specimen.expect) == 1 and specimen.why for specimen in specimens())


def _of_type(name: str) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", name.encode()),
        ("ce_source", b"/storefronts/demo"),
        ("ce_id", b"1"),
        ("ce_time", b"2026-03-01T00:00:00Z"),
    ]
