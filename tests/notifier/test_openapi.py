"""The notifier's HTTP interface as it describes itself: valid, with an example of every answer and problem."""

from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from notifier.app import application
from tests.conftest import ClientOf, RuntimeOf
from tests.described import bodies, given, misfits


@pytest.fixture
async def document(runtime_of: RuntimeOf, client_of: ClientOf) -> dict[str, Any]:
    client: httpx.AsyncClient = await client_of(await runtime_of(application))
    described: dict[str, Any] = (await client.get("/openapi.json")).json()
    return described


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_answer_and_every_problem_has_an_example(document: dict[str, Any]) -> None:
    found = list(bodies(document))
    assert len(found) > 60
    assert [place for place, body in found if not given(body)] == []


def test_every_example_fits_its_schema_and_says_everything_in_it(document: dict[str, Any]) -> None:
    assert misfits(document) == []


def test_every_body_that_may_be_sent_has_an_example(document: dict[str, Any]) -> None:
    wrong = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is None or path == "/v1/redrive":
                continue
            named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            fields = named["properties"].values()
            if not named.get("examples") and not any(field.get("examples") for field in fields):
                wrong.append(f"{method} {path}")
    assert wrong == []
