"""The people who buy: names, addresses at a domain that reaches nobody (RFC 2606), patience and habits."""

import unicodedata
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from storefront.simulation.dice import around, dice_of, drawn, happens
from storefront.simulation.lanes import PLACES, Place

GIVEN = {
    "de": ("Anna", "Lena", "Mia", "Clara", "Jonas", "Paul", "Felix", "Greta", "Moritz", "Björn", "Jürgen", "Zoë"),
    "nl": ("Daan", "Sanne", "Lotte", "Bram", "Femke", "Jeroen"),
    "fr": ("Camille", "Élodie", "Hugo", "Léa", "Théo", "Manon", "Noé"),
    "es": ("Lucía", "Mateo", "Carmen", "Íñigo", "Sofía", "Javier"),
    "it": ("Giulia", "Luca", "Chiara", "Matteo", "Niccolò", "Sara"),
    "en": ("Olivia", "Harry", "Amelia", "Jack", "Siobhán", "Grace"),
}
FAMILY = {
    "de": ("Müller", "Schmidt", "Weber", "Huber", "Gruber", "Wagner", "Keller", "Meier", "Bauer", "Größing", "Vogt"),
    "nl": ("Jansen", "Visser", "Bakker", "Smit", "Mulder"),
    "fr": ("Martin", "Bernard", "Petit", "Dubois", "Lefèvre", "Moreau"),
    "es": ("García", "López", "Núñez", "Romero", "Peña"),
    "it": ("Rossi", "Ferrari", "Russo", "Esposito", "D'Angelo"),
    "en": ("Smith", "Jones", "O'Brien", "Taylor", "Evans", "Khan"),
}


class Person(NamedTuple):
    """Somebody who buys. `customer_id` of a guest names the order."""

    customer_id: str
    place: Place
    given_name: str
    family_name: str
    address: str
    postcode_prefix: str
    birthday: date | None
    patience_hours: float
    """How long they wait after a promise is broken before they write; nothing we say changes it."""
    answers: bool
    """Some never answer a survey."""
    mood: int
    """What they add to every score: some are hard to please."""


def person_of(seed: int, customer_id: str) -> Person:
    """Who somebody is, from their id alone."""
    dice = dice_of(seed, "person", customer_id)
    place = drawn(dice, PLACES)
    language = place.locale[:2]
    given, family = dice.choice(GIVEN[language]), dice.choice(FAMILY[language])
    return Person(
        customer_id=customer_id,
        place=place,
        given_name=given,
        family_name=family,
        address=f"{_plain(given)}.{_plain(family)}.{_plain(customer_id)}@example.org",
        postcode_prefix=f"{dice.randrange(10, 99)}",
        birthday=_birthday(dice),
        patience_hours=around(dice, 30, 1.0),
        answers=happens(dice, 0.45),
        mood=dice.choices((-2, -1, 0, 1), (6, 16, 60, 18))[0],
    )


def _plain(word: str) -> str:
    """As it may stand in an address: Größing → grossing."""
    letters = unicodedata.normalize("NFKD", word.casefold()).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isalnum())


def _birthday(dice: Random) -> date | None:
    return date(1950, 1, 1) + timedelta(days=dice.randrange(20_000)) if happens(dice, 0.3) else None
