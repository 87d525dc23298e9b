"""Text messages: no more than two parts of the telephone network, whatever is said in whatever language."""

import pytest

from contracts.vocabulary import Channel
from notifier import telephone
from notifier.people import zone_of
from notifier.samples import SHOWN, sample_message, sample_person
from notifier.shop import Shop
from notifier.ways import Ways
from notifier.words import words_of

ZONE = zone_of("Europe/Berlin")
assert ZONE is not None
WORDS = words_of(Shop(name="Corner & Co", address="hello@shop.example", zone=ZONE))
LONG_LINK = "https://feedback.shop.example/s/" + "t" * 217
"""As long as ours are, with an invitation's and a customer's id inside."""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("é" * 160, 1),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("ê" * 134, 2),
        ("ê" * 135, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 151, 2),
        ("x" * 152 + "€" + "x" * 152, 3),  # what needs two places does not stand half in one part
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("", 1),
    ],
)
def test_parts_are_counted_as_the_network_does(text: str, parts: int) -> None:
    assert telephone.parts(text) == parts


def test_letters_that_the_alphabet_lacks_are_written_as_telephones_always_have() -> None:
    assert telephone.plain("l’œuvre « bête » — 5 × 3 €…") == 'l\'oeuvre " bete " - 5 x 3 €...'
    assert telephone.plain("niño àéèìòù ß ü Ñ") == "niño àéèìòù ß ü Ñ"
    assert telephone.plain("não está você") == "nao esta voce"
    assert telephone.plain("Чай 茶") == "Чай 茶"


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize("key", SHOWN)
def test_no_text_message_needs_more_than_two_parts(key: str, locale: str) -> None:
    for bare in (False, True):
        ways = Ways(action=LONG_LINK) if key == "survey" else Ways()
        said = WORDS.compose(sample_message(key, bare=bare), sample_person(locale), Channel.sms, ways).text
        assert telephone.parts(said) <= 2
        assert (LONG_LINK in said) is (key == "survey")
        assert "…" not in said


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize(
    "title", ["Чайник синий, 1,7 л", "青いやかん", "x" * 400, "€" * 200, "Bouilloire façon « rétro »"]
)
def test_whatever_an_article_is_called_it_fits(title: str, locale: str) -> None:
    for key in ("issue_opened.item_unavailable", "issue_opened.item_missing", "note", "offer"):
        message = sample_message(key)
        message.content.update(title=title[:80], happened=title)
        said = WORDS.compose(message, sample_person(locale), Channel.sms).text
        assert telephone.parts(said) <= 2


def test_what_fits_in_the_readers_own_letters_keeps_them() -> None:
    message = sample_message("note")
    message.content.update(happened="O seu pão está à sua espera.", doing="Até já.", you="Não é preciso nada.")
    said = WORDS.compose(message, sample_person("pt"), Channel.sms).text
    assert said == "Corner & Co: O seu pão está à sua espera. Até já. Não é preciso nada."


def test_a_link_too_long_for_a_text_message_is_left_out_of_it_and_stands_in_the_mail() -> None:
    message = sample_message("order_shipped")
    message.content["tracking_url"] = "https://carrier.example/" + "t" * 400
    assert "https" not in WORDS.compose(message, sample_person("en"), Channel.sms).text
    assert "t" * 400 in WORDS.compose(message, sample_person("en"), Channel.email).text
