"""Replays recorded orders through the whole house in simulated time, and proves that the same log gives the same rows.

Owns the playing, the raw material it leaves and the comparison; the mapping of recordings is `storefront.recorded`.
"""
