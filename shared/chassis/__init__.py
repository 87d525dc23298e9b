"""What every service does the same way: one loop over events and deadlines, one transaction per batch.

Owns the worker, the outbox relay, time, decisions, parked events, the database session, the web shell, logs and
metrics. Must not know any service or any rule about orders, points, messages or surveys.
"""
