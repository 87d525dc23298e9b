"""The JSON Schemas of the events, with the words that stand below their fields. Adds no rule of its own."""

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

from contracts.catalogue import catalogue
from contracts.envelope import EventType
from contracts.vocabulary import Part

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> Json:
    """The JSON Schema (draft 2020-12) of one event type's data."""
    entry = catalogue()[name]
    (root,), parts = components([entry.fact], "#/$defs/{name}")
    fact = parts.pop(root["$ref"].rpartition("/")[2])
    envelope = {"$schema": DIALECT, "$id": f"urn:rapport:event:{name}"}
    return {**envelope, **status(entry), **fact, "title": name} | ({"$defs": parts} if parts else {})


def status(entry: EventType) -> Json:
    """How both documents mark what is agreed and said by nobody yet."""
    return {"x-status": "planned"} if entry.planned else {}


def components(facts: Sequence[type[Any]], reference: str) -> tuple[tuple[Json, ...], Json]:
    """References to the facts' schemas, and all schemas by name. A name has its module where two facts share it."""
    references, parts = msgspec.json.schema_components(facts, ref_template=reference)
    structs = [*Part.__subclasses__(), *facts]
    known = {name: struct for struct in structs for name in (struct.__name__, f"{struct.__module__}.{struct.__name__}")}
    for name, part in parts.items():
        if "description" in part:
            part["description"] = inspect.cleandoc(part["description"])
        for field, words in _words(known[name]).items() if name in known else ():
            part["properties"][field]["description"] = words
    return references, dict(sorted(parts.items()))


def _words(struct: type[Any]) -> dict[str, str]:
    """The docstrings below a struct's fields, inherited ones too."""
    owners = [owner for owner in reversed(struct.__mro__) if owner.__module__.startswith("contracts.")]
    return {field: words for owner in owners for field, words in _declared(owner.__module__).get(owner.__name__, ())}


@cache
def _declared(module: str) -> dict[str, list[tuple[str, str]]]:
    """Of each class of a module, the fields that have words and the words."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: list(_documented(node.body)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _documented(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, words in pairwise(body):
        match field, words:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                yield name, inspect.cleandoc(text)
