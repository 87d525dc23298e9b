"""The HTTP interface as it describes itself: a valid document, in which every answer has an example that fits."""

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.described import bodies, given, misfits


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    described: dict[str, Any] = (await client.get("/openapi.json")).json()
    return described


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_answer_and_every_problem_has_an_example(document: dict[str, Any]) -> None:
    found = list(bodies(document))
    assert len(found) > 40
    assert [place for place, body in found if not given(body)] == []


def test_every_example_fits_its_schema_and_says_everything_in_it(document: dict[str, Any]) -> None:
    assert misfits(document) == []


def test_what_only_reads_contradicts_nothing(document: dict[str, Any]) -> None:
    reading = [methods["get"] for methods in document["paths"].values() if "get" in methods]
    assert [operation["summary"] for operation in reading if "409" in operation["responses"]] == []


def test_problems_stand_under_their_own_media_type(document: dict[str, Any]) -> None:
    for place, body in bodies(document):
        status = place.split()[2]
        if status.startswith("4"):
            assert place.endswith("application/problem+json")
            assert body["schema"] == {"$ref": "#/components/schemas/Problem"}


async def test_a_problem_looks_as_it_is_described(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    schema = {**document["components"]["schemas"]["Problem"], "components": document["components"]}
    for path in ("/v1/orders/o-9", "/v1/issues?limit=1000", "/v1/issues?knid=lost", "/v1/nowhere"):
        answer = await client.get(path)
        assert answer.headers["content-type"] == "application/problem+json"
        Draft202012Validator(schema).validate(json.loads(answer.content))
