"""The real loop against a log, a group and failures that one seed decides; see `python -m tests.simulation --help`."""
