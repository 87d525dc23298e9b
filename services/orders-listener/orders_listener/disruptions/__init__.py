"""Disruptions that staff declares: what was said of each and when, and which orders one concerns. Pure."""
