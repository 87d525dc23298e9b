"""The shop's own numbers that rules are given. Defaults here; settings.py reads them from the environment."""

from datetime import timedelta

from msgspec import Struct


class Policy(Struct, frozen=True, kw_only=True):
    """How long things may take."""

    shop_zone: str = "Europe/Berlin"
    """Where bare dates end when the destination names no zone."""
    return_window: timedelta = timedelta(days=14)
    """After delivery; then the order is completed."""
    warning_lead: timedelta = timedelta(hours=48)
    """How long before a promise ends somebody looks whether it will be kept."""
    scan_silence: timedelta = timedelta(days=3)
    """A parcel not scanned for longer may have stopped."""
    caught_share: float = 0.77
    """Of the orders that will come late, so many should be warned of at the last look that gives the wanted lead."""


DEFAULT = Policy()
