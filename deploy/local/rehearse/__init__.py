"""Rehearsals on the local stack: every process replaced, broker and database away, a release put out and taken back.

While a shop's events flow. Judged by an undisturbed run of the same log: the same log gives the same rows.
"""
