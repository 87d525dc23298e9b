"""Rapport beside what people would otherwise write: the same topic, the same rows, the same machine, the same run.

`python -m benchmarks` runs it, `make bench` sets it up. Every claim is a ratio measured within one run; nothing here
fails because something was slow. What fails is a hand-written loop that leaves other rows than the service.
"""
