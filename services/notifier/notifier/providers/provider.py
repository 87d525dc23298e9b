"""What every provider does."""

from collections.abc import Callable
from typing import Protocol

from notifier.mail import Answer
from notifier.outgoing import Parcel

Wanted = Callable[[], bool]
"""Asked at the last moment before a parcel is handed over: whether it is still to be sent."""


def always() -> bool:
    """It is."""
    return True


class Provider(Protocol):
    """One way to hand over the parcels of one channel."""

    async def send(self, parcel: Parcel) -> Answer:
        """What became of it. `trouble` only where it was certainly not handed over; never raises."""

    async def is_there(self) -> bool:
        """Whether it can be reached, as far as that can be found out without a parcel."""

    async def close(self) -> None:
        """Say goodbye."""
