"""Chaos: the services under kills, freezes and cut connections, judged by a model that shares no code with them."""
