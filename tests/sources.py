"""The sources of this repository as data, for tests that hold the whole house to its rules. Owns no rule."""

import ast
import importlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from chassis.application import Application

ROOT = Path(__file__).resolve().parents[1]
SHARED = ("contracts", "tracing", "chassis", "storefront")
SERVICES = {
    folder.name.replace("-", "_"): folder for folder in sorted((ROOT / "services").iterdir()) if folder.is_dir()
}
"""Folder by package."""
CODE = ("shared", "services", "deploy", "tests", "benchmarks")


class Module(NamedTuple):
    """A source file of ours."""

    name: str
    """Dotted, as it is imported; a path for what is not imported."""
    path: Path
    tree: ast.Module

    @property
    def place(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


def files(pattern: str, folders: Iterable[str]) -> Iterator[Path]:
    """Files of ours, without what tools and runs leave behind."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob(pattern)):
            if not {".venv", "build", "__pycache__"} & set(path.parts):
                yield path


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the house."""
    return tuple(Module(_name(path), path, ast.parse(path.read_text())) for path in files("*.py", CODE))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    inside = {"shared": 1, "services": 2}.get(parts[0], 0)
    return ".".join(parts[inside:]).removesuffix(".__init__")


def package(name: str) -> list[Module]:
    """The modules of one package."""
    return [module for module in modules() if module.name.partition(".")[0] == name]


def imports(module: Module) -> set[str]:
    """Dotted names of what a module imports; for packages of ours down to the module."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            ours = node.module in (*SHARED, *SERVICES)
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if ours else {node.module}
    return found


def tops(module: Module) -> set[str]:
    """Top-level packages that a module imports, without the standard library."""
    return {name.partition(".")[0] for name in imports(module)} - sys.stdlib_module_names


def pages() -> list[Path]:
    """Every page for people."""
    return [*sorted(ROOT.glob("*.md")), *files("*.md", ("docs", *CODE))]


def composed(service: str, monkeypatch: pytest.MonkeyPatch) -> Application:
    """What `python -m <service>` runs, composed for a database that nobody asks."""
    monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1/nothing")
    monkeypatch.setenv("LINK_KEYS", "test:a-secret-that-is-long-enough-for-tests")
    found: Application = importlib.import_module(f"{service}.app").application()
    return found


def none(wrong: Iterable[str], rule: str) -> None:
    """Fail with the rule and everything that breaks it."""
    listed = sorted(set(wrong))
    assert not listed, "\n  ".join([rule, *listed])
