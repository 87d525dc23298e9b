"""Broker, PostgreSQL, mailbox and the four services as processes on one machine, without containers.

Used by `make run` and by the tests. Starts and ends real programs; must not know any rule of the shop, and
must not be imported by a service.
"""
