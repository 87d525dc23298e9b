"""Monitoring: dashboards as code, alert rules, and how Prometheus and Grafana take them. Ships with the manifests."""
