#!/usr/bin/env bash
# What promtool says of the alert rules, of their tests and of what the dashboards ask.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
asked=build/monitoring.rules.yaml

promtool=$(deploy/monitoring/tool.sh promtool)
mkdir -p build
$python -m deploy.monitoring.dashboards --check
$python -m deploy.monitoring.dashboards --as-rules >$asked
$promtool check config --syntax-only deploy/monitoring/prometheus.yaml
$promtool check rules deploy/monitoring/rules.yaml
$promtool check rules $asked
$promtool test rules deploy/monitoring/rules_test.yaml
