"""The OpenAPI document: every answer with an example, every problem under its own media type.

Owns the form of examples and what FastAPI cannot say by itself. Must not know a service.
"""

import copy
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from chassis.access import Access, Opened, scope_of
from chassis.pages import HTML

Responses = dict[int | str, dict[str, Any]]
JSON, PROBLEM_JSON = "application/json", "application/problem+json"
READING = frozenset({"get", "head"})
_FIRST_ERROR = 400


def answer(example: Any, status: int = 200) -> Responses:
    """An example of a route's answer, for its `responses`."""
    return {status: {"content": {JSON: {"example": json.dumps(example)}}}}  # as text: FastAPI drops what is null in it


def refusal(status: int, code: str, detail: str, **extensions: Any) -> Responses:
    """An example of a problem that a route may answer with, for its `responses`; beside those that every route has."""
    value = {
        "type": f"urn:rapport:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return {status: {"content": {PROBLEM_JSON: {"examples": {code: {"value": value | extensions}}}}}}


PROBLEMS: Responses = (
    refusal(404, "not_found", "There is no such thing.")
    | refusal(409, "conflict", "It contradicts what is already there.")
    | refusal(
        422,
        "invalid_request",
        "Some fields are wrong.",
        errors=[{"field": "query.limit", "message": "Input should be less than or equal to 200"}],
    )
    | refusal(503, "away", "What this needs is away for the moment. Ask the same again.")
)
"""What every route may answer besides its own."""
REFUSED: Responses = (
    refusal(401, "not_authenticated", "Show a key or a token: `Authorization: Bearer …`.")
    | refusal(403, "scope_missing", "This needs the scope loyalty:write, which key:4f1d22c90b7e6a35 does not have.")
    | refusal(429, "too_many_requests", "You ask too often; ask again in 2 s.")
)
"""What a route may answer besides, that asks who somebody is."""
SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`rpt_…`, made by `python -m <service> keys create`), or a token of the shop's own "
        "identity provider, with the scope that the operation names.",
    },
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "For pages that are opened in a browser: any name, and an API key as the password.",
    },
}


def install(app: FastAPI, accesses: Mapping[tuple[str, str], Access], service: str) -> None:
    """Let the app describe itself so; `accesses` are by method and path."""
    describe = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = describe()
            _secure(found, accesses, service)
            _correct(found)
        return describe()

    app.openapi = document  # type: ignore[method-assign]  # what FastAPI documents for this purpose


def _secure(document: dict[str, Any], accesses: Mapping[tuple[str, str], Access], service: str) -> None:
    """Say of each operation which scope it needs, or why none."""
    document.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            access = accesses[method.upper(), path]
            if isinstance(access, Opened):
                operation["security"], said = [], f"Asks nobody who they are: {access.because}."
            else:
                scope = scope_of(service, access.right)
                schemes = ("bearer", "password") if access.in_browser else ("bearer",)
                operation["security"], said = [{scheme: [scope]} for scheme in schemes], f"Needs the scope `{scope}`."
                for status, response in REFUSED.items():
                    described = {"description": HTTPStatus(int(status)).phrase, **copy.deepcopy(response)}
                    operation["responses"].setdefault(str(status), described)
            operation["description"] = "\n\n".join(filter(None, [operation.get("description"), said]))


def _correct(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in READING:
                operation["responses"].pop("409", None)  # who only reads contradicts nothing
            for status, response in operation["responses"].items():
                body = response.get("content", {}).get(JSON, {})
                if "example" in body:
                    body["example"] = json.loads(body["example"])
                if int(status) >= _FIRST_ERROR:
                    _as_problem(response, PROBLEMS.get(int(status), {}))
                    if _is_customers_page(operation):
                        response["content"].setdefault(HTML, {})  # for browsers: see `apologies`


def _is_customers_page(operation: Mapping[str, Any]) -> bool:
    return not operation["security"] and HTML in operation["responses"].get("200", {}).get("content", {})


def _as_problem(response: dict[str, Any], usual: dict[str, Any]) -> None:
    """Under its media type alone, with its schema, and the example of every route beside its own."""
    content = response.get("content", {})
    if PROBLEM_JSON not in content:
        return  # a page for people
    content.pop(JSON, None)
    own = content[PROBLEM_JSON]
    own["schema"] = {"$ref": "#/components/schemas/Problem"}
    usual_examples = usual.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
    own["examples"] = usual_examples | own.get("examples", {})
