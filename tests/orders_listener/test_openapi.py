"""The HTTP interface as it describes itself: a valid document, in which every answer has an example that fits."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

Body = tuple[str, dict[str, Any]]
"""Where it stands, and what the document says of it."""


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    described: dict[str, Any] = (await client.get("/openapi.json")).json()
    return described


def bodies(document: dict[str, Any]) -> Iterator[Body]:
    """Every body that a route of /v1 may answer with."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                for media_type, body in response.get("content", {}).items():
                    if path.startswith("/v1"):
                        yield f"{method} {path} {status} {media_type}", body


def given(body: dict[str, Any]) -> list[Any]:
    """Its examples."""
    one = [body["example"]] if "example" in body else []
    return one + [named["value"] for named in body.get("examples", {}).values()]


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_answer_and_every_problem_has_an_example(document: dict[str, Any]) -> None:
    found = list(bodies(document))
    assert len(found) > 40
    assert [place for place, body in found if not given(body)] == []


def test_every_example_fits_its_schema_and_says_everything_in_it(document: dict[str, Any]) -> None:
    for place, body in bodies(document):
        schema = {**body["schema"], "components": document["components"]}
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        for example in given(body):
            wrong = [f"{place}: {error.json_path} {error.message}" for error in validator.iter_errors(example)]
            assert wrong == []
            assert unnamed(example, body["schema"], document) == [], place


def unnamed(example: Any, schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Names in an example that its schema does not know: left from before."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(example, list):
        return [name for one in example for name in unnamed(one, schema.get("items", {}), document)]
    known = schema.get("properties")
    if not isinstance(example, dict) or known is None or schema.get("title") == "Problem":
        return []
    deeper = [name for key, one in example.items() if key in known for name in unnamed(one, known[key], document)]
    return deeper + sorted(example.keys() - known.keys())


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
