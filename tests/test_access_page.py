"""docs/access.md says of every operation which scope it needs, as the services enforce it."""

import re

import pytest

from chassis.runtime import Runtime
from chassis.web import create_app
from tests.access.services import Operation, operations
from tests.sources import ROOT, SERVICES, composed, none, pages

ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]+)")
NOT_DESCRIBED = {"GET /docs", "GET /openapi.json"}
"""They describe, and stand in no document themselves."""


def enforced(monkeypatch: pytest.MonkeyPatch) -> list[Operation]:
    """Every operation of every service, from the declarations that the guard works with."""
    found = []
    for service in SERVICES:
        application = composed(service, monkeypatch)
        runtime = Runtime.of(application.service, application.settings)
        found += operations(create_app(application, runtime).openapi())
    return found


def exceptions() -> dict[str, str | None]:
    """The right that the page says an operation needs, where it is not the usual one; None: nothing."""
    rows = re.findall(r"^\| (.*[A-Z]+ /.*) \| (.*) \|$", (ROOT / "docs" / "access.md").read_text(), re.MULTILINE)
    assert rows, "docs/access.md has no table of operations"
    return {
        f"{method} {path}": None if right == "nothing" else right.strip("`")
        for routes, right in rows
        for method, path in ROUTE.findall(routes)
    }


def usual(operation: Operation) -> str:
    """The rule that stands above the table."""
    return "read" if operation.method == "GET" else "write"


def test_the_page_says_of_every_operation_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    said, wrong = exceptions(), []
    for operation in enforced(monkeypatch):
        right = operation.scope and operation.scope.partition(":")[2]
        if said.get(str(operation), usual(operation)) != right:
            wrong.append(f"{operation} needs {right}")
    none(wrong, "docs/access.md says otherwise:")


def test_the_page_names_no_exception_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {str(operation): usual(operation) for operation in enforced(monkeypatch)}
    said = {name: right for name, right in exceptions().items() if name not in NOT_DESCRIBED}
    none(said.keys() - found.keys(), "docs/access.md names what no service has:")
    none((name for name, right in said.items() if right == found.get(name)), "docs/access.md: the usual one:")


def test_no_page_names_an_operation_that_no_service_has(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(str(one)))) for one in enforced(monkeypatch)]
    wrong = [
        f"{page.relative_to(ROOT)}: {method} {path}"
        for page in pages()
        for method, path in ROUTE.findall(page.read_text())
        if path.startswith("/v1/") and not any(one.fullmatch(f"{method} {path.rstrip('.')}") for one in known)
    ]
    none(wrong, "nobody answers these:")
