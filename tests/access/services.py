"""The four services, and what their OpenAPI documents say of who may use which operation."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx

from chassis.application import Application

NAMES = ("orders_listener", "feedback", "loyalty", "notifier")


def compose(name: str) -> Callable[[], Application]:
    """A service's composition root."""
    composed: Callable[[], Application] = importlib.import_module(f"{name}.app").application
    return composed


class Operation(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    scope: str | None
    """What it needs; None: nobody is asked."""
    in_browser: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def url(self) -> str:
        """With something in the place of every parameter."""
        return "/".join("1" if part.startswith("{") else part for part in self.path.split("/"))


async def document_of(client: httpx.AsyncClient) -> dict[str, Any]:
    """As everybody can read it."""
    found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """All of them."""
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            scopes = {scope for requirement in said["security"] for names in requirement.values() for scope in names}
            in_browser = any("password" in requirement for requirement in said["security"])
            yield Operation(method.upper(), path, next(iter(scopes), None), in_browser)
