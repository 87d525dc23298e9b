"""The ways to consume that are compared: each module is one process, `python -m benchmarks.modes.<name>`.

All read the same environment as the services do, take the same records from the same topics, and move `positions` in
the transaction that has their rows; by that they are measured from outside. None knows that it is measured.
"""
