"""Alert rules, dashboards and runbooks speak of what the code measures; promtool says whether they are right."""

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.monitoring.dashboards import expressions, pages
from tests.sources import ROOT, SERVICES, imports, none, package

FOLDER = ROOT / "deploy" / "monitoring"
RUNBOOKS = ROOT / "docs" / "runbooks"
OF_OTHERS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}
"""Prometheus's own, and the client library's of every process."""
SUFFIXES = re.compile(r"_(bucket|sum|count)$")
NAME = re.compile(r"\b(?:rapport|process)_[a-z_]+\b|\bup\b")
SECTIONS = ["What it means", "What the customer notices", "What to look at first", "What to do", "When it is over"]


def rules() -> list[dict[str, Any]]:
    """Every alert."""
    groups = yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def measured() -> dict[str, set[str]]:
    """The labels of every metric that the code declares, by name; counters as they are scraped."""
    found: dict[str, set[str]] = {}
    for module in (m for name in ("chassis", *SERVICES) for m in package(name)):
        if "prometheus_client" not in imports(module):
            continue
        constants = _lists(module.tree)
        for node in ast.walk(module.tree):
            kind = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if kind in ("Counter", "Gauge", "Histogram") and isinstance(node, ast.Call):
                found[ast.literal_eval(node.args[0])] = _labels(node.args[2] if len(node.args) > 2 else None, constants)
    return found


def _lists(tree: ast.Module) -> dict[str, set[str]]:
    return {
        node.targets[0].id: _labels(node.value, {})
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.List)
    }


def _labels(node: ast.expr | None, constants: dict[str, set[str]]) -> set[str]:
    if isinstance(node, ast.Name):
        return constants[node.id]
    names: set[str] = set()
    for one in node.elts if isinstance(node, ast.List) else ():
        names |= constants[one.value.id] if isinstance(one, ast.Starred) else {str(one.value)}  # type: ignore[attr-defined]
    return names


def asked() -> dict[str, str]:
    """Every PromQL expression, by where it stands."""
    found = {rule["alert"]: rule["expr"] for rule in rules()}
    return found | {f"dashboard: {expression}": expression for expression in expressions()}


def test_what_is_asked_for_is_measured() -> None:
    known = measured().keys() | OF_OTHERS
    wrong = [
        f"{place}: {name}"
        for place, expression in asked().items()
        for name in NAME.findall(re.sub(r'"[^"]*"', '""', expression))
        if name not in known and SUFFIXES.sub("", name) not in known
    ]
    none(wrong, "nobody measures this:")


def test_labels_that_are_asked_for_exist() -> None:
    known = measured()
    wrong = [
        f"{place}: {name} has no label {label}"
        for place, expression in asked().items()
        for name, selected in re.findall(r"\b(rapport_[a-z_]+)\{([^}]*)\}", expression)
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', selected))
        if label not in known[SUFFIXES.sub("", name)] | {"service", "instance"}
    ]
    none(wrong, "no such label:")


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    alerts = {rule["alert"] for rule in rules()}
    written = {page.stem for page in RUNBOOKS.glob("Rapport*.md")}
    none(alerts - written, "alerts without a runbook:")
    none(written - alerts, "runbooks without an alert:")
    for rule in rules():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
        assert rule["labels"]["severity"] in ("page", "ticket")


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("Rapport*.md")), ids=lambda page: page.stem)
def test_a_runbook_says_the_five_things(page: Path) -> None:
    assert re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE) == SECTIONS
    assert "```sh" in page.read_text()
    assert re.search(r"^(?:Followed|Run) in every build", page.read_text(), re.MULTILINE)


def test_every_alert_is_seen_silent_and_speaking() -> None:
    tests = yaml.safe_load((FOLDER / "rules_test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    for rule in rules():
        told = [bool(case["exp_alerts"]) for case in cases if case["alertname"] == rule["alert"]]
        assert {True, False} <= set(told), rule["alert"]


def test_the_dashboards_are_those_of_panels_yaml() -> None:
    for path, content in pages().items():
        assert path.read_text() == content, "python -m deploy.monitoring.dashboards"
        assert json.loads(content)["panels"]


def test_promtool_agrees() -> None:
    """Rules, their tests and what the dashboards ask; `make check-monitoring` fetches promtool where it is missing."""
    done = subprocess.run([FOLDER / "check.sh"], capture_output=True, text=True, check=False)  # noqa: S603 ours
    assert done.returncode == 0, done.stdout + done.stderr
