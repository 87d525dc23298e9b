"""What an OpenAPI document says of its answers, for tests that hold it to its word."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

Document = dict[str, Any]


def bodies(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that a route of /v1 may answer with: where it stands, and what the document says of it."""
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


def misfits(document: Document) -> list[str]:
    """Examples that do not fit their schema, or say what it does not know."""
    found = []
    for place, body in bodies(document):
        schema = {**body["schema"], "components": document["components"]}
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        for example in given(body):
            found += [f"{place}: {error.json_path} {error.message}" for error in validator.iter_errors(example)]
            found += [f"{place}: {name} is left from before" for name in _unnamed(example, body["schema"], document)]
    return found


def _unnamed(example: Any, schema: dict[str, Any], document: Document) -> list[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(example, list):
        return [name for one in example for name in _unnamed(one, schema.get("items", {}), document)]
    known = schema.get("properties")
    if not isinstance(example, dict) or known is None or schema.get("title") == "Problem":
        return []
    deeper = [name for key, one in example.items() if key in known for name in _unnamed(one, known[key], document)]
    return deeper + sorted(example.keys() - known.keys())
