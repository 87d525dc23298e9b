"""What must stay true of the whole house: who imports whom, what a service says of itself, the form of the code.

Each rule looks at what is there, not at a list, and names what breaks it. Pages for people: `test_pages`.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis import schema
from contracts.catalogue import catalogue
from contracts.vocabulary import IssueKind
from orders_listener.rules import RULES
from tests.sources import (
    CODE,
    ROOT,
    SERVICES,
    SHARED,
    Module,
    composed,
    files,
    imports,
    modules,
    none,
    package,
    pages,
    tops,
)

PURE_CHASSIS = {"chassis.items", "chassis.outcomes", "chassis.errors", "chassis.phrases", "chassis.sequence"}
EDGES = {
    "absences",
    "broadcasting",
    "connecting",
    "courier",
    "custody",
    "despatch",
    "dialogue",
    "forgetting",
    "hand",
    "handing",
    "letters",
    "mail",
    "measures",
    "packer",
    "providers",
    "recollection",
    "reports",
    "seals",
    "sender",
    "sentences",
    "spoken",
    "streams",
    "vigil",
    "withdrawals",
    "words",
}
"""The notifier's way out, which no other service has: words, SMTP, and the task that brings them together."""
WAY_IN = {"intake", "listener", "proofs", "routes", "unmatched"}
"""The ways in, `ingest` and `inbound`: HTTP, SMTP, Kafka, what waits between them. Mappings are core."""
MAY_IMPORT = {
    "core": {"core"},
    "vaults": set(),
    "settings": {"core", "policy_files", "provider_files", "vaults", "settings"},
    "provider_files": {"core"},
    "policy_files": {"core"},
    "words_command": {"core", "edge"},
    "policy_command": {"core", "policy_files", "settings", "trial_command", "app"},
    "key_command": {"app", "key_store", "settings", "vaults"},
    "backfill_command": {"core", "settings"},
    "whose": {"core"},
    "intake": {"core", "whose", "intake", "store", "settings", "vaults"},
    "key_store": {"vaults"},
    "safes": {"key_store", "vaults"},
    "store": {"core", "learning", "declared", "whose", "store", "key_store", "vaults"},
    "learning": {"core"},
    "declared": {"core"},
    "calls": {"core", "declared"},
    "schemas": {"core", "schemas", "store"},
    "template_schemas": {"core", "schemas"},
    "preview_routes": {"core", "template_schemas", "edge"},
    "edge": {"core", "store", "key_store", "settings", "provider_files", "edge", "vaults"},
    "folding": {"core", "store", "vaults"},
    "trial_command": {"core", "store", "learning"},
    "routes": {"core", "store", "learning", "declared", "schemas", "vaults"},
    "provider_routes": {"core", "store"},
    "disruption_routes": {"core", "declared", "schemas", "routes"},
    "person_routes": {"core", "store", "vaults", "edge"},
    "pages": {"core", "store", "schemas", "vaults", "pages"},
    "app": {
        "core",
        "store",
        "learning",
        "whose",
        "intake",
        "settings",
        "edge",
        "folding",
        "routes",
        "disruption_routes",
        "preview_routes",
        "person_routes",
        "provider_routes",
        "pages",
        "calls",
        "vaults",
        "key_store",
        "safes",
    },
    "__main__": {"app", "policy_command", "key_command", "words_command", "backfill_command"},
    "__init__": set(),
}
"""Which layers of its own package each layer may import. A module that is not named here is core, and pure."""

OF_ONE_NOUN = ("store", "schemas", "routes", "settings", "pages")
"""`webhook_store` is a store like `store`, and so on."""
CALENDARS = {"holidays", "phonenumbers"}
"""The libraries that rules may ask: pure, and somebody has to know when Easter is and what a telephone number is."""
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "common", "helpers", "helper", "base", "manager", "managers", "misc"}
TYPE_FORM = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*")


def layer(module: Module) -> str:
    """The layer of a service's module."""
    own, *inner = module.name.split(".")[1:] or ["__init__"]
    if own not in MAY_IMPORT and own.rpartition("_")[2] in OF_ONE_NOUN:
        own = own.rpartition("_")[2]
    if own in ("ingest", "inbound") and inner:
        return "intake" if inner[0] in WAY_IN else "whose" if inner[0] == "addressing" else "core"
    if own.endswith("_page"):
        return "pages"
    return "edge" if own in EDGES else own if own in MAY_IMPORT else "core"


# --- who may import whom ---


def test_contracts_know_nothing_but_msgspec() -> None:
    wrong = [f"{m.place} imports {top}" for m in package("contracts") for top in tops(m) - {"contracts", "msgspec"}]
    none(wrong, "contracts are read by everybody and must not drag anything along:")


def test_spans_know_only_the_contracts() -> None:
    known = {"tracing", "contracts", "msgspec"}
    wrong = [f"{m.place} imports {top}" for m in package("tracing") for top in tops(m) - known]
    none(wrong, "a shop's backend sends spans without any library for it:")


def test_the_chassis_knows_no_service() -> None:
    ours = {*SERVICES, "storefront", "deploy"}
    none(
        (f"{m.place} imports {top}" for m in package("chassis") for top in tops(m) & ours),
        "what the chassis knows, every service knows; a rule of one service does not belong there:",
    )


def test_a_storefront_needs_only_the_contracts_of_us() -> None:
    ours = {*SERVICES, "chassis", "deploy"}
    none(
        (f"{m.place} imports {top}" for m in package("storefront") for top in tops(m) & ours),
        "a shop's backend installs storefront and contracts, nothing else of Rapport:",
    )


@pytest.mark.parametrize("service", SERVICES)
def test_services_never_import_each_other(service: str) -> None:
    others = {*SERVICES, "storefront"} - {service}
    speaks_for_shops = {"storefront"} if service in ("orders_listener", "notifier") else set()
    none(
        (
            f"{m.place} imports {top}"
            for m in package(service)
            for top in tops(m) & others
            if not (layer(m) in {"backfill_command", "intake"} and top in speaks_for_shops)
        ),
        "a service that needs a fact listens to it and keeps its own projection:",
    )


def test_nothing_that_is_shipped_imports_the_local_stack() -> None:
    wrong = [m.place for name in (*SHARED, *SERVICES) for m in package(name) if "deploy" in tops(m)]
    none(wrong, "deploy starts the services, never the other way round:")


@pytest.mark.parametrize("service", SERVICES)
def test_rules_are_pure(service: str) -> None:
    wrong = []
    for module in (m for m in package(service) if layer(m) == "core"):
        foreign = tops(module) - {"msgspec", "contracts", "chassis", service} - CALENDARS
        chassis = {name for name in imports(module) if name.startswith("chassis")} - PURE_CHASSIS
        wrong += [f"{module.place} imports {name}" for name in foreign | chassis]
    none(wrong, "core modules import the standard library, msgspec, contracts, and of the chassis what is pure:")


@pytest.mark.parametrize("service", SERVICES)
def test_imports_point_inwards(service: str) -> None:
    own = {module.name: module for module in package(service)}
    wrong = [
        f"{module.place} ({layer(module)}) imports {name} ({layer(own[name])})"
        for module in own.values()
        for name in imports(module) & own.keys()
        if layer(own[name]) not in MAY_IMPORT[layer(module)]
    ]
    none(wrong, "contracts <- core <- store <- folding, routes <- app; so nobody imports the app:")


def test_rules_read_no_clock_and_draw_no_lots() -> None:
    pure = [m for service in SERVICES for m in package(service) if layer(m) == "core"]
    wrong = [f"{m.place}: {call}" for m in pure for call in _impure_calls(m)]
    none(wrong, "time is an input (item.at), and the same log must give the same rows:")


def _impure_calls(module: Module) -> Iterator[str]:
    forbidden = {"now", "utcnow", "today", "uuid1", "uuid4", "monotonic", "perf_counter"}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if called in forbidden:
                yield f"line {node.lineno} calls {called}()"
    yield from (f"imports {name}" for name in imports(module) & {"random", "secrets", "time", "os", "socket"})


# --- what is said on the wire ---


def test_event_types_are_unique_and_versioned() -> None:
    named = [name for module in package("contracts") for name in _event_types(module)]
    none((name for name in named if named.count(name) > 1), "two facts have one type:")
    none((name for name in named if not TYPE_FORM.fullmatch(name)), "types are <context>.<fact>.v<N>:")
    assert sorted(named) == sorted(catalogue()), "the catalogue does not hold every event type of the contracts"


def _event_types(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "event_type":
            yield ast.literal_eval(node.args[0])


def test_event_types_stand_on_the_topics_of_their_context() -> None:
    wrong = [
        f"{name} on {entry.topic}"
        for name, entry in catalogue().items()
        if entry.topic.partition(".")[0] not in ("", name.partition(".")[0])
    ]
    none(wrong, "a type begins with the context that publishes it, and so does its topic:")


# --- what a service says about itself ---


def said_in_docstring(service: str, word: str) -> dict[str, set[str]]:
    """`Consumes: topic: A, B; other: C` as topic to names; `Owns: a, b` under the topic ''."""
    text = importlib.import_module(service).__doc__ or ""
    found = re.search(rf"^{word}:(.*?)(?=^[A-Z]\w+:|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"{service}/__init__.py: the docstring has no line {word}: …"
    parts = [part.strip() for part in found[1].split(";") if part.strip()]
    pairs = [part.rpartition(": ") for part in parts]
    return {topic: {name.strip() for name in names.split(",")} for topic, _, names in pairs}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_consumes_what_its_docstring_says(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inlets = composed(service, monkeypatch).service.consumes
    in_code = {inlet.topic: {fact.__name__ for fact in inlet.facts} for inlet in inlets}
    assert said_in_docstring(service, "Consumes") == in_code, f"{service}/__init__.py against CONSUMES in app.py"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_what_its_docstring_says(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = composed(service, monkeypatch).service
    in_code = {found.topic: {fact.__name__ for fact in found.publishes}}
    assert said_in_docstring(service, "Publishes") == in_code, f"{service}/__init__.py against PUBLISHES in app.py"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_every_fact_that_its_code_makes(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = composed(service, monkeypatch).service
    ours = {entry.fact.__name__ for entry in catalogue().values() if entry.topic == found.topic}
    made = {name for module in package(service) for name in _called(module) & ours if layer(module) == "core"}
    none(made - {fact.__name__ for fact in found.publishes}, f"{service} makes facts that PUBLISHES does not list:")


def test_what_no_service_publishes_is_marked_as_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    services = [composed(service, monkeypatch).service for service in SERVICES]
    published = {fact for service in services for fact in service.publishes}
    unsaid = {
        entry.type
        for entry in catalogue().values()
        if entry.fact not in published and entry.topic in {service.topic for service in services}
    }
    planned = {entry.type for entry in catalogue().values() if entry.planned}
    assert planned == unsaid, "planned=True stands in @event_type as long as no PUBLISHES names the fact"


def test_every_kind_of_issue_is_noticed() -> None:
    assert {rule.kind for rule in RULES} == set(IssueKind)


def _called(module: Module) -> set[str]:
    calls = (node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_owns_the_tables_that_its_docstring_says(service: str) -> None:
    text = "".join(path.read_text() for path in (SERVICES[service] / "migrations" / "versions").glob("*.py"))
    created = set(re.findall(r"create table (?:if not exists )?([\w.]+)", text))
    assert said_in_docstring(service, "Owns") == {"": created}, f"{service}/__init__.py against its migrations"
    assert not created & set(_chassis_tables()), f"{service} creates a table that the chassis creates already"


def _chassis_tables() -> list[str]:
    return re.findall(r"create table (\w+)", Path(schema.__file__).read_text())


SAYS_WHAT_SHOPS_SAID = "/ingest/"
"""Hooks of shops carry contacts: they are put on Kafka, for the notifier, and kept nowhere on the way."""


def test_only_the_notifier_knows_how_customers_are_reached() -> None:
    private = {"Contact", "CustomerUpdated", "ConsentChanged"}
    wrong = []
    others = (m for name in (*SERVICES, "chassis") for m in package(name) if name != "notifier")
    for module in (m for m in others if SAYS_WHAT_SHOPS_SAID not in m.place):
        nodes = list(ast.walk(module.tree))
        froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "contracts.storefront"]
        named = {alias.name for node in froms for alias in node.names}
        reached = {
            node.attr
            for node in nodes
            if isinstance(node, ast.Attribute) and re.search(r"\bstorefront$", ast.unparse(node.value))
        }
        wrong += [f"{module.place} uses {name}" for name in (named | reached) & private]
    none(wrong, "names and addresses stay in the notifier; everybody else knows customer_id:")


# --- form ---


def test_modules_are_called_by_what_they_hold() -> None:
    wrong = [m.place for m in modules() if VAGUE & set(Path(m.place).with_suffix("").parts)]
    none(wrong, "a module is named for a noun of the domain:")


def test_every_module_says_what_it_owns() -> None:
    by_alembic = ("env.py",)  # two lines that Alembic runs by file
    without = (m for m in modules() if m.tree.body and not ast.get_docstring(m.tree) and m.path.name not in by_alembic)
    none((m.place for m in without), "these modules have no docstring:")


def test_no_function_is_longer_than_a_screen() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [(m, node) for m in modules() for node in ast.walk(m.tree) if isinstance(node, kinds)]
    long = [
        f"{m.place}: {node.name} has {_own_lines(node)}" for m, node in functions if _own_lines(node) > LONGEST_FUNCTION
    ]
    none(long, f"more than {LONGEST_FUNCTION} lines (functions inside are counted by themselves):")


def _own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    inner = [n for n in function.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return _lines(function) - sum(_lines(nested) for nested in inner)


def _lines(node: Any) -> int:
    return int(node.end_lineno - node.lineno + 1)


def test_the_lock_file_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements" / "all.lock").read_text()
    pinned = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    none((p.partition(" ")[0] for p in pinned if p.strip() and "--hash=sha256:" not in p), "pinned without a hash:")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links| @ ", text), "the lock file names an address"


def test_nothing_that_is_tracked_names_a_place_on_somebodys_machine() -> None:
    text_files = (*pages(), *files("*.py", CODE), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run")
    place = re.compile(r"(?<![\w.$/}-])/(?:work|root|home|Users)/\w+")
    wrong = [
        f"{p.relative_to(ROOT)}: {found}" for p in text_files if p.exists() for found in place.findall(p.read_text())
    ]
    none(wrong, "paths of one machine:")


def test_every_mark_of_unfinished_work_is_gone() -> None:
    words = re.compile(
        r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + r"Error|pytest\.mark\.sk" + "ip"
    )
    wrong = [m.place for m in modules() if words.search(m.path.read_text())]
    none(wrong, "finish it, or write it down where people look:")
