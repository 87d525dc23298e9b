"""What waits in memory until it is folded is no work for the garbage collector: it would be most of what that sees."""

import gc

from chassis.reading import RawRecord, read
from contracts.kafka import to_record
from contracts.orders import ConfirmedLine
from tests.chassis.shop import placed


def test_neither_record_nor_event_nor_fact_is_looked_at() -> None:
    said = to_record(placed("ada", "o1"))
    entry = read(RawRecord(said.topic, 0, 1, 0, said.key, said.value, said.headers), [_type_of(said.headers)])
    assert entry.event
    looked_at = [one for one in (entry, entry.record, entry.event, entry.event.data) if gc.is_tracked(one)]
    assert looked_at == []


def test_parts_of_a_fact_are_not_looked_at_either() -> None:
    assert not gc.is_tracked(ConfirmedLine(line_id="l1", quantity=1, paid_minor=100))


def _type_of(headers: list[tuple[str, bytes]]) -> str:
    return dict(headers)["ce_type"].decode()
