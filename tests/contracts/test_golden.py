"""What was once sent can be read for ever, and would be sent in the same bytes again."""

import msgspec
import pytest

from contracts.catalogue import catalogue
from contracts.golden import Example, examples
from contracts.kafka import from_record, subject_of, to_record


def _name(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", examples(), ids=_name)
def test_an_event_once_sent_is_read_and_said_again_in_the_same_bytes(example: Example) -> None:
    record = example.record
    event = from_record(record.key, record.value, record.headers, wanted={example.type})
    assert event is not None
    assert to_record(event, topic=record.topic) == record
    assert event.subject == subject_of(event.data)


def test_every_event_type_has_an_example() -> None:
    assert {example.name for example in examples()} >= set(catalogue())


def test_examples_lie_under_the_name_of_their_type() -> None:
    assert all((example.name + ".").startswith(example.type + ".") for example in examples())


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_the_first_example_of_a_type_shows_every_field(name: str) -> None:
    fact = catalogue()[name].fact
    shown = {field for example in examples() if example.type == name for field in example.data}
    assert shown == {field.encode_name for field in msgspec.structs.fields(fact)}


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_type_with_optional_fields_is_also_shown_without_them(name: str) -> None:
    required = {field.encode_name for field in msgspec.structs.fields(catalogue()[name].fact) if field.required}
    alone = [example for example in examples() if example.type == name and set(example.data) == required]
    assert alone
