"""Writes the Grafana dashboards from `panels.yaml`: `python -m deploy.monitoring.dashboards [--check | --as-rules]`.

Owns how they look. The JSON is what Grafana provisions; nobody edits it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDE, HIGH = 8, 8
"""Of a panel, in units of Grafana's grid, which has 24 columns."""


def dashboards() -> dict[str, dict[str, Any]]:
    """Title and panels, by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "panels.yaml").read_text())
    return found


def expressions() -> Iterator[str]:
    """Everything that is asked."""
    for dashboard in dashboards().values():
        for panel in dashboard["panels"]:
            yield from panel["asked"].values()


def pages() -> dict[Path, str]:
    """What the folder should hold; the same every time."""
    return {HERE / "dashboards" / f"{name}.json": _json(name, found) for name, found in dashboards().items()}


def _json(name: str, found: dict[str, Any]) -> str:
    content: dict[str, Any] = {
        "uid": f"rapport-{name}",
        "title": found["title"],
        "tags": ["rapport"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": [_panel(number, panel) for number, panel in enumerate(found["panels"])],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _panel(number: int, panel: dict[str, Any]) -> dict[str, Any]:
    targets = [
        {"refId": chr(65 + place), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
        for place, (legend, expression) in enumerate(panel["asked"].items())
    ]
    return {
        "id": number + 1,
        "type": panel.get("kind", "timeseries"),
        "title": panel["title"],
        "description": panel["says"],
        "datasource": SOURCE,
        "targets": targets,
        "gridPos": {"x": number % 3 * WIDE, "y": number // 3 * HIGH, "w": WIDE, "h": HIGH},
        "fieldConfig": {"defaults": {"unit": panel.get("unit", "short"), "min": 0}, "overrides": []},
        "options": {},
    }


def main() -> None:
    """Write them, or say which are old; or give what they ask as recording rules, which promtool can check."""
    if "--as-rules" in sys.argv:
        rules = [{"record": f"asked:{number}", "expr": asked} for number, asked in enumerate(expressions())]
        sys.stdout.write(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
        return
    if "--check" in sys.argv:
        old = [path.name for path, content in pages().items() if not path.exists() or path.read_text() != content]
        sys.exit(f"old, write them with python -m deploy.monitoring.dashboards: {', '.join(old)}" if old else 0)
    for path, content in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)


if __name__ == "__main__":
    main()
