#!/usr/bin/env bash
# make check-monitoring: what promtool says of the alert rules, of their tests and of what the dashboards ask.
# Takes promtool from the path, else from Debian's package, unpacked below build/ (nothing is installed).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=build/monitoring
python=${PYTHON:-.venv/bin/python}

promtool=$(command -v promtool || true)
if [[ -z $promtool ]]; then
  promtool=$tools/usr/bin/promtool
  if [[ ! -x $promtool ]]; then
    command -v apt-get >/dev/null || { echo "promtool is missing: install Prometheus (it brings promtool)" >&2; exit 1; }
    mkdir -p $tools
    [[ $EUID -ne 0 ]] || apt-get update -qq
    (cd $tools && apt-get download -qq prometheus 2>/dev/null) \
      || { echo "promtool is missing: sudo apt-get install prometheus" >&2; exit 1; }
    dpkg-deb -x $tools/prometheus_*.deb $tools
  fi
fi

$python -m deploy.monitoring.dashboards --check
$python -m deploy.monitoring.dashboards --as-rules >$tools.rules.yaml
$promtool check config --syntax-only deploy/monitoring/prometheus.yaml
$promtool check rules deploy/monitoring/rules.yaml
$promtool check rules $tools.rules.yaml
$promtool test rules deploy/monitoring/rules_test.yaml
