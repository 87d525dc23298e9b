"""`python -m deploy.inspection.alerts [--check]`: the PrometheusRule, made from deploy/monitoring/rules.yaml.

Kustomize cannot put a plain file of rules into an object; this does, and the inspection sees that both say the same.
"""

import sys
from pathlib import Path

import yaml

from deploy.inspection.tools import REPOSITORY

RULES = REPOSITORY / "deploy" / "monitoring" / "rules.yaml"
MANIFEST = REPOSITORY / "deploy" / "kubernetes" / "components" / "monitoring" / "alerts.yaml"
HEAD = """\
# Made from deploy/monitoring/rules.yaml by: python -m deploy.inspection.alerts
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: rapport
spec:
"""


def written(rules: Path = RULES) -> str:
    """The manifest that these rules make."""
    groups = yaml.safe_load(rules.read_text())
    text = yaml.safe_dump(groups, sort_keys=False, width=1_000, allow_unicode=True)
    return HEAD + "".join(f"  {line}\n" for line in text.splitlines())


def main() -> int:
    """The exit code."""
    if "--check" in sys.argv[1:]:
        return int(MANIFEST.read_text() != written())
    MANIFEST.write_text(written())
    return 0


if __name__ == "__main__":
    sys.exit(main())
