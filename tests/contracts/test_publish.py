"""What is told to the world about the events is what the code reads and writes."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

import feedback
import loyalty
import notifier
from contracts.asyncapi import LISTENERS, SPEAKERS, TOPICS, asyncapi
from contracts.catalogue import catalogue
from contracts.golden import Example, examples
from contracts.publish import FOLDER, documents, drifted, main, write
from contracts.schemas import schema


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_each_schema_is_valid_and_says_what_the_event_is(name: str) -> None:
    published = schema(name)
    Draft202012Validator.check_schema(published)
    assert published["$id"].endswith(name)
    assert published["description"]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_each_golden_example_is_valid_by_its_schema(example: Example) -> None:
    Draft202012Validator(schema(example.type), format_checker=FormatChecker()).validate(example.data)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_number_has_a_limit_that_columns_and_other_readers_can_hold(name: str) -> None:
    for part in _parts(schema(name)):
        if part.get("type") == "integer":
            assert -(2**53) < part["minimum"] <= part["maximum"] < 2**53


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_pattern_ends_before_a_last_line_feed(name: str) -> None:
    for part in _parts(schema(name)):
        if pattern := part.get("pattern"):
            assert not re.search(pattern, "EUR\n")
            assert pattern.startswith("^")
            assert pattern.endswith(r"$(?!\n)")


def test_the_published_documents_say_what_the_contracts_say() -> None:
    assert drifted() == []


def test_the_same_contracts_give_the_same_bytes() -> None:
    assert documents() == documents()


def test_the_check_names_what_drifted(tmp_path: Path) -> None:
    write(tmp_path)
    schemas = tmp_path / FOLDER / "schemas"
    (schemas / "storefront.order-paid.v1.json").write_text("{}")
    (schemas / "orders.order-completed.v1.json").unlink()
    (schemas / "orders.order-dreamt.v1.json").write_text("{}")
    assert drifted(tmp_path) == [
        "docs/reference/events/schemas/orders.order-completed.v1.json: missing",
        "docs/reference/events/schemas/orders.order-dreamt.v1.json: of no event type",
        "docs/reference/events/schemas/storefront.order-paid.v1.json: out of date",
    ]
    write(tmp_path)
    assert drifted(tmp_path) == []


def test_the_command_checks_without_writing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_every_event_has_one_speaker_and_lies_on_a_described_topic() -> None:
    spoken = [topic for topics in SPEAKERS.values() for topic in topics]
    assert sorted(spoken) == sorted(TOPICS)
    assert {entry.topic for entry in catalogue().values()} - {""} == set(spoken)


def test_services_listen_only_to_what_is_said_on_a_topic() -> None:
    for heard in LISTENERS.values():
        for topic, facts in heard.items():
            said = {entry.fact for entry in catalogue().values() if entry.topic == topic}
            assert said
            assert set(facts) <= said


@pytest.mark.parametrize("service", [feedback, loyalty, notifier], ids=lambda service: service.__name__)
def test_a_service_is_shown_to_hear_what_it_says_it_consumes(service: ModuleType) -> None:
    consumes = str(service.__doc__).partition("Consumes: ")[2].partition("Publishes: ")[0]
    said = {
        topic.strip(): {fact.strip() for fact in facts.split(",")}
        for topic, _, facts in (inlet.partition(": ") for inlet in consumes.split(";"))
    }
    shown = {topic: {fact.__name__ for fact in facts} for topic, facts in LISTENERS[service.__name__].items()}
    assert said == shown


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for part in _parts(document):
        if isinstance(reference := part.get("$ref"), str):
            target: Any = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            assert target


def test_the_asyncapi_document_shows_every_example() -> None:
    messages = asyncapi()["components"]["messages"].values()
    shown = [example["name"] for message in messages for example in message["examples"]]
    assert sorted(shown) == sorted(example.name for example in examples())


def _parts(document: Any) -> list[dict[str, Any]]:
    """Every object in a document, itself first."""
    if isinstance(document, dict):
        return [document, *(part for value in document.values() for part in _parts(value))]
    if isinstance(document, list):
        return [part for value in document for part in _parts(value)]
    return []


def test_a_schema_and_the_decoder_refuse_the_same_missing_fields() -> None:
    for name, entry in catalogue().items():
        required = {field.encode_name for field in msgspec.structs.fields(entry.fact) if field.required}
        assert set(schema(name)["required"]) == required
