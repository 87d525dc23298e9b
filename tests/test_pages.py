"""What pages say is true: settings, metrics, routes, commands, links and rules they name exist, and none is missing."""

import ast
import asyncio
import importlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from chassis.runtime import Runtime
from chassis.settings import ServiceSettings
from chassis.web import create_app
from deploy.local.broker import Broker
from deploy.local.ports import Ports, setting
from tests.running import said_on
from tests.sources import ROOT, SERVICES, composed, imports, none, package, pages


def settings_of(service: str) -> type[ServiceSettings]:
    """The settings class of a service."""
    found = vars(importlib.import_module(f"{service}.settings")).values()
    return next(s for s in found if isinstance(s, type) and issubclass(s, ServiceSettings) and s is not ServiceSettings)


def variable(settings: type[ServiceSettings], field: str) -> str:
    """The environment variable of a setting."""
    alias = settings.model_fields[field].validation_alias
    return str(alias) if alias else f"{settings.model_config.get('env_prefix', '')}{field}".upper()


def shared_settings() -> list[str]:
    """Variables that all services read, `<SERVICE>_` where each has its own."""
    fields = ServiceSettings.model_fields.items()
    return [str(field.validation_alias or f"<SERVICE>_{name.upper()}") for name, field in fields]


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_is_described(service: str) -> None:
    settings = settings_of(service)
    wrong = [variable(settings, name) for name, field in settings.model_fields.items() if not field.description]
    none(wrong, f"settings of {service} without Field(description=…):")


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_of_a_service_stands_in_its_readme(service: str) -> None:
    settings, readme = settings_of(service), SERVICES[service] / "README.md"
    text = readme.read_text() if readme.exists() else ""
    own = settings.model_fields.keys() - ServiceSettings.model_fields.keys()
    wrong = [name for name in (variable(settings, field) for field in own) if f"`{name}`" not in text]
    none(wrong, f"{readme.relative_to(ROOT)} does not explain:")


def test_every_shared_setting_stands_in_the_operators_page() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    none((name for name in shared_settings() if f"`{name}`" not in text), "docs/operations.md does not explain:")


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {
        variable(settings_of(service), field) for service in SERVICES for field in settings_of(service).model_fields
    }
    known |= {setting(part) for part in Ports.__slots__}
    prefixes = "|".join(service.upper() for service in SERVICES)
    wrong = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages()
        for name in re.findall(rf"\b(?:{prefixes})_[A-Z][A-Z_]*[A-Z]\b", page.read_text())
        if name not in known
    ]
    none(wrong, "nobody reads these settings:")


def metrics() -> dict[str, str]:
    """Every metric that our code declares, and where."""
    found = {}
    for module in (m for name in ("chassis", *SERVICES) for m in package(name)):
        if "prometheus_client" not in imports(module):
            continue
        for node in ast.walk(module.tree):
            kind = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if kind in ("Counter", "Gauge", "Histogram", "Summary") and isinstance(node, ast.Call):
                found[str(ast.literal_eval(node.args[0]))] = module.place
    return found


def test_every_metric_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    none((f"{name} ({metrics()[name]})" for name in metrics().keys() - listed), "metrics.md does not explain:")
    none(listed - metrics().keys(), "metrics.md explains metrics that nobody measures:")


ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]+)")


def routes_of(service: str, monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """What a service answers by its own routers, and all that it answers: `GET /v1/orders/{}`."""
    application = composed(service, monkeypatch)
    runtime = Runtime.of(application.service, application.settings)
    routes = [
        route for router in application.routers(runtime) for route in router.routes if isinstance(route, APIRoute)
    ]
    own = {f"{method} {_anonymous(route.path)}" for route in routes for method in route.methods or ()}
    paths = create_app(application, runtime).openapi()["paths"]
    return own, own | {f"{method.upper()} {_anonymous(path)}" for path, methods in paths.items() for method in methods}


def routes_in(page: Path) -> set[str]:
    """The routes that a page names."""
    return {f"{method} {_anonymous(path)}" for method, path in ROUTE.findall(page.read_text())}


def _anonymous(path: str) -> str:
    """Without the names of parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.mark.parametrize("service", SERVICES)
def test_a_readme_lists_every_route_of_its_service_and_no_other(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own, answered = routes_of(service, monkeypatch)
    listed = routes_in(SERVICES[service] / "README.md")
    none(own - listed, f"the README of {service} does not list:")
    none(listed - answered, f"{service} does not answer what its README lists:")


def test_the_operators_page_names_only_routes_that_every_service_has(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = set.intersection(*(routes_of(service, monkeypatch)[1] for service in SERVICES))
    none(routes_in(ROOT / "docs" / "operations.md") - everywhere, "docs/operations.md:")


def commands(page: Path) -> list[str]:
    """Every line of a page's code blocks and code spans."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [line.strip() for block in blocks for line in block.splitlines()] + spans


def test_every_command_in_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = []
    for place, line in ((page.relative_to(ROOT), line) for page in pages() for line in commands(page)):
        make, module = re.match(r"make ([a-z]+)", line), re.search(r"\bpython -m ([a-z_.]+)", line)
        unknown = (make and make[1] not in targets) or (module and find_spec(module[1]) is None)
        wrong += [f"{place}: {line}"] if unknown else []
    none(wrong, "these commands do not exist:")


def test_every_link_leads_somewhere() -> None:
    wrong = []
    for page in pages():
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            found = (page.parent / target).resolve() if target else page
            if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
                wrong.append(f"{page.relative_to(ROOT)}: {link}")
    none(wrong, "these links lead nowhere:")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_page_of_rules_says_truly_where_each_stands() -> None:
    page = ROOT / "docs" / "rules.md"
    rows = re.findall(r"\]\((\S+\.py)\)((?:,? `[\w.]+`)+)", page.read_text())
    assert len(rows) > 20, "the tables are gone"
    wrong = [
        f"{file} has no {name}"
        for file, names in rows
        for name in re.findall(r"[`.](\w+)", names)  # `Picture.zone` is two names
        if name not in _defined((page.parent / file).resolve())
    ]
    none(wrong, "docs/rules.md names what is not there:")


def _defined(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    defined = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return defined | {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


async def test_the_readmes_way_to_publish_an_event_works(kafka: Broker, tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, "README.md does not show how to publish"
    script = tmp_path / "shop.py"
    script.write_text(found[1].replace("127.0.0.1:8192", kafka.bootstrap))
    shop = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await shop.communicate()
    assert shop.returncode == 0, said.decode()
    records = await said_on(kafka.bootstrap, "storefront.orders", 1)
    types = [dict(record.headers)["ce_type"] for record in records]
    assert b"storefront.order-placed.v1" in types
