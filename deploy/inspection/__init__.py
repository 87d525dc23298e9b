"""Checks of what stands in deploy/ that need no cluster and no container engine: `make check-deploy`."""
