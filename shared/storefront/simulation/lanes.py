"""Where the shop delivers to and with whom. A lane is a place and a carrier; each has its own pace and its promise.

Promises are a table that somebody at the shop once made: generous for most lanes, too hopeful for a few.
"""

from typing import NamedTuple

from contracts.vocabulary import Destination


class Place(NamedTuple):
    """A country, or a part of one that parcels reach differently."""

    country: str
    region: str | None
    zone: str
    locale: str
    currency: str
    transit_days: float
    """How long a parcel usually is on its way, in days on which the carrier drives."""
    promised_days: int
    """What the shop promises, in such days from the order on."""
    customs: bool = False


class Carrier(NamedTuple):
    """Somebody who carries parcels; `pace` multiplies a place's transit."""

    name: str
    pace: float
    spread: float
    by_the_hour: bool = False
    """Promises a moment instead of a day, and does not deliver to islands."""


class Lane(NamedTuple):
    """A place and a carrier."""

    place: Place
    carrier: Carrier

    @property
    def transit_days(self) -> float:
        """Usual days on the way."""
        return self.place.transit_days * self.carrier.pace

    @property
    def promised_days(self) -> int:
        """Days from the order to the promise."""
        return max(3, self.place.promised_days - (1 if self.carrier.pace < 0.8 else 0))

    def destination(self, postcode_prefix: str) -> Destination:
        """The place as an order names it."""
        place = self.place
        return Destination(country=place.country, region=place.region, postcode_prefix=postcode_prefix, zone=place.zone)


PLACES: dict[Place, float] = {
    Place("DE", None, "Europe/Berlin", "de-DE", "EUR", 1.4, 5): 42,
    Place("AT", None, "Europe/Vienna", "de-AT", "EUR", 2.2, 6): 10,
    Place("CH", None, "Europe/Zurich", "de-CH", "CHF", 2.8, 8, customs=True): 6,
    Place("NL", None, "Europe/Amsterdam", "nl-NL", "EUR", 1.8, 6): 8,
    Place("FR", None, "Europe/Paris", "fr-FR", "EUR", 2.7, 6): 12,
    Place("ES", None, "Europe/Madrid", "es-ES", "EUR", 3.6, 8): 6,
    Place("ES", "ES-CN", "Atlantic/Canary", "es-ES", "EUR", 6.5, 11): 2,
    Place("IT", None, "Europe/Rome", "it-IT", "EUR", 3.4, 8): 5,
    Place("IT", "IT-82", "Europe/Rome", "it-IT", "EUR", 4.8, 8): 2,
    Place("GB", None, "Europe/London", "en-GB", "GBP", 3.4, 9, customs=True): 5,
    Place("US", "US-NY", "America/New_York", "en-US", "USD", 5.5, 11, customs=True): 2,
}
"""How many of a hundred customers live there."""

CARRIERS: dict[Carrier, float] = {
    Carrier("alpenpost", 1.0, 0.28): 55,
    Carrier("nordship", 1.15, 0.34): 30,
    Carrier("rapidus", 0.7, 0.24, by_the_hour=True): 15,
}
"""Share of parcels by carrier, where all deliver."""


def carriers_of(place: Place) -> dict[Carrier, float]:
    """Who delivers there."""
    return {carrier: share for carrier, share in CARRIERS.items() if not (carrier.by_the_hour and place.region)}
