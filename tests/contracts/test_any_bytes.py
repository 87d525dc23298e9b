"""Whatever arrives, reading it ends in an event, in None or in `Unreadable`: no bytes can stop a worker."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import catalogue
from contracts.golden import Example, examples
from contracts.kafka import from_record, to_record
from contracts.unreadable import Unreadable

EVERYTHING = frozenset(catalogue())
EXAMPLES = st.sampled_from(examples())
Headers = list[tuple[str, bytes]]

names = st.sampled_from(
    ["ce_specversion", "ce_type", "ce_source", "ce_id", "ce_time", "ce_subject", "ce_traceparent", "content-type"]
)
texts = st.one_of(
    st.sampled_from(["1.0", "application/json", "application/cloudevents+json", "2026-03-02T09:15:00Z", "\x00", ""]),
    st.sampled_from(sorted(EVERYTHING)),
    st.text(max_size=300),
).map(str.encode)
# None: clients hand on null headers, whatever their types say.
headers = st.lists(st.tuples(st.one_of(names, st.text(max_size=9)), st.one_of(texts, st.binary(), st.none())))
fragments = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"9" * 20, b"9" * 5000, b"{}", b"[]", b"[" * 2000]
    ),
    st.sampled_from([b'"', b'""', b'"\\u0000"', b'"\\\\u0000"', b'"\\ud800"', b'"\\ud83d\\ude80"', b"\xff", b'"a\\n"']),
    st.sampled_from([b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-14:00"', b'"2026-02-30"']),
)


def _read(key: bytes | None, value: bytes | None, said: Headers) -> None:
    """Reads; what was accepted can be said again, and neither it nor a reason holds what a database refuses."""
    try:
        event = from_record(key, value, said, wanted=EVERYTHING)
    except Unreadable as refused:
        detail = refused.detail
        event = None
    else:
        detail = "read"
    assert detail.encode()
    assert "\x00" not in detail
    if event is None:
        return
    again = to_record(event, topic="any")
    assert b"\\u0000" not in again.value.replace(b"\\\\", b"")
    assert from_record(again.key, again.value, again.headers, wanted=EVERYTHING) == event


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.none(), st.binary()), st.one_of(st.none(), st.binary()), headers)
def test_any_bytes_and_headers(key: bytes | None, value: bytes | None, said: Headers) -> None:
    _read(key, value, said)


@settings(max_examples=300, deadline=None)
@given(EXAMPLES, st.binary(max_size=200))
def test_any_bytes_under_a_good_envelope(example: Example, value: bytes) -> None:
    _read(example.record.key, value, example.record.headers)


@settings(max_examples=600, deadline=None)
@given(EXAMPLES, st.data())
def test_a_good_record_with_some_bytes_replaced(example: Example, data: st.DataObject) -> None:
    value = example.record.value
    begin = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(begin, min(len(value), begin + 40)))
    _read(example.record.key, value[:begin] + data.draw(fragments) + value[end:], example.record.headers)


@settings(max_examples=600, deadline=None)
@given(EXAMPLES, st.data())
def test_a_good_record_with_one_value_replaced(example: Example, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(example.data)))
    said = msgspec.json.encode({name: content for name, content in example.data.items() if name != field})
    value = said[:-1] + b',"' + field.encode() + b'":' + data.draw(fragments) + b"}"
    _read(example.record.key, value, example.record.headers)


@settings(max_examples=300, deadline=None)
@given(EXAMPLES, names, st.one_of(texts, st.binary(max_size=300)))
def test_a_good_record_with_one_header_replaced(example: Example, name: str, content: bytes) -> None:
    said = [(known, text) for known, text in example.record.headers if known != name]
    _read(example.record.key, example.record.value, [*said, (name, content)])


@settings(max_examples=300, deadline=None)
@given(EXAMPLES, st.data())
def test_a_structured_event_with_some_bytes_replaced(example: Example, data: st.DataObject) -> None:
    attributes = {name[3:]: text for name, text in example.headers.items() if name.startswith("ce_")}
    value = msgspec.json.encode({**attributes, "data": msgspec.Raw(example.record.value)})
    begin = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(begin, min(len(value), begin + 40)))
    changed = value[:begin] + data.draw(fragments) + value[end:]
    _read(example.record.key, changed, [("content-type", b"application/cloudevents+json")])
