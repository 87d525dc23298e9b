"""Who a customer is: cleaned at the door, obeyed in what they want, forgotten when they ask."""

import pytest

from contracts.storefront import Contact
from contracts.vocabulary import Channel, Purpose
from notifier.people import Person, clean_name, consented, email_of, masked, updated, zone_of
from tests.notifier.correspondent import consent, hour, known


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("ada@example.org", True),
        ("ada+shop@mail.example.org", True),
        ("o'neill@example.org", True),
        ("ada@localhost", False),
        ("ada@example.org\r\nBcc: all@example.org", False),
        ("ada@example.org\n", False),
        ("ada@example.org\x00", False),
        ("Ada <ada@example.org>", False),
        ("ada@example.org,bob@example.org", False),
        ("a" * 65 + "@example.org", False),
        ("@example.org", False),
        ("ada", False),
    ],
)
def test_only_a_plain_address_can_be_written_to(address: str, usable: bool) -> None:
    assert email_of((Contact(channel=Channel.email, address=address),)) == (address if usable else None)


def test_the_first_usable_address_is_taken_and_a_telephone_is_none() -> None:
    contacts = (
        Contact(channel=Channel.sms, address="+49301234"),
        Contact(channel=Channel.email, address="no address"),
        Contact(channel=Channel.email, address="ada@example.org"),
    )
    assert email_of(contacts) == "ada@example.org"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Ada", "Ada"),
        ("  Ada \t Maria ", "Ada Maria"),
        ("Ada\r\nBcc: all@example.org", None),
        ("Ada\r\nBcc: everybody", "Ada Bcc: everybody"),
        ("Ada\x00", "Ada"),
        ("\u202eadA", "adA"),
        ("win at https://example.org", None),
        ("José", "José"),
        ("=?utf-8?q?a=0D=0ABcc:_b?=", None),
        ("=\u200e?utf-8?q?a=0D=0ABcc:_b?=", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_one_line_and_no_address(said: str | None, kept: str | None) -> None:
    assert clean_name(said) == kept


def test_what_is_missing_in_an_update_is_forgotten_and_what_is_older_changes_nothing() -> None:
    ada = updated(Person(), known(2).data, hour(2))
    assert (ada.email, ada.given_name) == ("ada@example.org", "Ada")
    assert updated(ada, known(1, email="old@example.org").data, hour(1)) is ada
    assert updated(ada, known(3, name=None).data, hour(3)).given_name is None


def test_silence_allows_all_but_marketing_and_an_answer_is_obeyed() -> None:
    assert [purpose for purpose in Purpose if not Person().allows(Channel.email, purpose)] == [Purpose.marketing]
    ada = consented(Person(), consent(Purpose.survey, 2).data, hour(2))
    assert not ada.allows(Channel.email, Purpose.survey)
    assert consented(ada, consent(Purpose.survey, 1, given=True).data, hour(1)) is ada
    assert consented(ada, consent(Purpose.survey, 3, given=True).data, hour(3)).allows(Channel.email, Purpose.survey)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "Europe", "/etc", "", None])
def test_a_zone_that_nobody_knows_is_no_zone(name: str | None) -> None:
    assert zone_of(name) is None


def test_an_address_is_shown_masked() -> None:
    assert masked("ada@example.org") == "a***@example.org"
    assert masked(None) is None
