"""A real Prometheus scrapes a live local stack: what alerts and dashboards ask is there, and it is asked rightly.

promtool knows PromQL and not our metrics; the code's declarations know no scrape. Here both meet: our own
prometheus.yaml and rules.yaml, the four services after one order, and every question of every panel.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import yaml

from deploy.local.ports import HOST, Ports, free_port
from deploy.local.processes import Process
from deploy.local.stack import SERVICES, Stack
from deploy.monitoring.dashboards import dashboards
from tests.monitoring.test_monitoring import FOLDER, NAME, OF_OTHERS, SUFFIXES, asked, rules
from tests.sources import ROOT, none

FIRST_ORDER = ROOT / "deploy" / "kubernetes" / "overlays" / "evaluation" / "first-order.py"
"""What docs/kubernetes.md has a newcomer say."""
PATIENCE_S = 120.0
PROMETHEUS_OWN = {"up"}
"""Known to Prometheus without anybody's saying so."""
SILENT = {"Promises kept", "Promises", "Issues noticed", "Issues resolved", "What came back"}
"""Panels that have nothing to show of one order that is confirmed and on its way."""
pytestmark = pytest.mark.timeout(300)


class Scraped:
    """A Prometheus, and what it answers."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1"

    def get(self, path: str, **asked: str) -> Any:
        answer = httpx.get(f"{self._url}/{path}", params=asked, timeout=10).json()
        assert answer["status"] == "success", f"{asked}: {answer['error']}"
        assert not answer.get("warnings"), f"{asked}: {answer['warnings']}"
        return answer["data"]

    def series(self, expression: str) -> list[Any]:
        return list(self.get("query", query=expression)["result"])

    def until(self, true: Callable[[], object], what: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline_s, what
            time.sleep(0.5)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All four services."""
    with Stack(folder=tmp_path_factory.mktemp("scraping") / "run", ports=Ports.free()) as whole:
        yield whole


@pytest.fixture(scope="module")
def scraped(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """Prometheus with our own configuration, at this stack's ports and every second; an order was told of meanwhile."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration(stack)))
    binary = subprocess.run([FOLDER / "tool.sh", "prometheus"], capture_output=True, text=True, check=True)  # noqa: S603 ours
    command = [binary.stdout.strip(), f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder}",
               f"--web.listen-address={HOST}:{port}"]  # fmt: skip
    prometheus = Process("prometheus", command, log=folder / "prometheus.log", folder=ROOT)
    prometheus.start()
    try:
        prometheus.wait_healthy(f"http://{HOST}:{port}/-/ready", PATIENCE_S)
        found = Scraped(f"http://{HOST}:{port}")
        found.until(lambda: len(found.series("rapport_ready == 1")) == len(SERVICES), "a service is not scraped")
        subprocess.run(  # noqa: S603 ours
            [sys.executable, FIRST_ORDER], env={**os.environ, **stack.environment_of("orders_listener")},
            check=True, timeout=60,
        )  # fmt: skip
        found.until(lambda: found.series('rapport_messages_total{outcome="sent"} > 0'), "nobody was told of the order")
        found.until(lambda: found.series("rapport_messages_ready_oldest_seconds"), "gauges were not read")
        time.sleep(3)  # some scrapes more, for what is asked of changes
        yield found
    finally:
        prometheus.stop()


def configuration(stack: Stack) -> dict[str, Any]:
    """deploy/monitoring/prometheus.yaml for this stack."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    found["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    found["rule_files"] = [str(FOLDER / name) for name in found["rule_files"]]
    for static in found["scrape_configs"][0]["static_configs"]:
        port = getattr(stack.ports, static["labels"]["service"].replace("-", "_"))
        static["targets"] = [f"{HOST}:{port}"]
    return found


def test_every_service_is_scraped_without_complaint(scraped: Scraped) -> None:
    targets = scraped.get("targets")["activeTargets"]
    assert {target["labels"]["service"].replace("-", "_") for target in targets} == set(SERVICES)
    none(
        [f"{target['scrapeUrl']}: {target['lastError']}" for target in targets if target["health"] != "up"], "refused:"
    )


def test_whatever_is_asked_for_stands_in_the_scrape(scraped: Scraped) -> None:
    known = scraped.get("metadata").keys() | PROMETHEUS_OWN
    assert known >= OF_OTHERS
    wrong = [
        f"{place}: {name}"
        for place, expression in asked().items()
        for name in NAME.findall(re.sub(r'"[^"]*"', '""', expression))
        if name not in known and SUFFIXES.sub("", name) not in known
    ]
    none(wrong, "no service says this:")


def test_every_alert_is_evaluated_and_none_speaks_of_a_stack_that_is_well(scraped: Scraped) -> None:
    scraped.until(lambda: all(rule["health"] != "unknown" for rule in evaluated(scraped)), "a rule was not asked")
    found = evaluated(scraped)
    assert {rule["name"] for rule in found} == {rule["alert"] for rule in rules()}
    none([f"{rule['name']}: {rule.get('lastError')}" for rule in found if rule["health"] != "ok"], "wrong:")
    none([rule["name"] for rule in found if rule["state"] != "inactive"], "alerts without trouble:")


def evaluated(scraped: Scraped) -> list[dict[str, Any]]:
    """Every alert as Prometheus sees it now."""
    return [rule for group in scraped.get("rules")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("dashboard", dashboards())
def test_every_panel_shows_something_of_one_order(scraped: Scraped, dashboard: str) -> None:
    shown = {
        panel["title"]: [scraped.series(expression) for expression in panel["asked"].values()]
        for panel in dashboards()[dashboard]["panels"]
    }
    none({title for title, found in shown.items() if not any(found)} - SILENT, "a panel that stays empty:")


@pytest.mark.usefixtures("scraped")
def test_what_a_newcomer_asks_next_is_answered(stack: Stack) -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    (command,) = re.findall(r"service (keys create .*?)\)", page)
    (path,) = re.findall(r"http://127\.0\.0\.1:8101(/[^\s']+)", page)
    made = subprocess.run(  # noqa: S603 ours
        [sys.executable, "-m", "orders_listener", *command.split()],
        env={**os.environ, **stack.environment_of("orders_listener")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = httpx.get(stack.url("orders_listener") + path, headers={"Authorization": f"Bearer {made.stdout.strip()}"})
    (order,) = answer.json()["data"]
    assert order["order_id"].startswith("first-")
    mails = httpx.get(f"{stack.mailbox_url}/messages.json?after=0").json()
    assert any("ada@example.org" in str(mail) for mail in mails), mails
