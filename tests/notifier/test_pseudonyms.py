"""An address that must be forgotten and recognised at the same time."""

from base64 import b64encode

import pytest

from notifier.pseudonyms import Pseudonyms, normalised

SAME = [
    ("ada@example.org", " Ada@Example.ORG. "),
    ("jürgen@bücher.example", "JÜRGEN@BÜCHER.example"),
    ("ju\u0308rgen@example.org", "j\u00fcrgen@example.org"),
    ("x@bücher.example", "x@xn--bcher-kva.example"),
    ("+49 (30) 123-456", "004930123456"),
    ("+49.30.123456", "+49 30 123456"),
]
DIFFERENT = [
    ("ada@example.org", "ada@example.com"),
    ("ada+shop@example.org", "ada@example.org"),
    ("a.da@example.org", "ada@example.org"),
    ("030 123456", "+49 30 123456"),
    ("tgram://Bot@Token/Chat", "tgram://bot@token/chat"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_reaches_the_same_place_has_one_hash(one: str, other: str) -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert pseudonyms.address_hash(one) == pseudonyms.address_hash(other)
    assert len(pseudonyms.address_hash(one)) == 32


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_may_reach_another_place_has_another_hash(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_without_the_key_a_hash_cannot_be_tried_out() -> None:
    assert Pseudonyms(b"k" * 32).address_hash("ada@example.org") != Pseudonyms(b"l" * 32).address_hash(
        "ada@example.org"
    )
    assert "k" * 32 not in repr(Pseudonyms(b"k" * 32))


@pytest.mark.parametrize("setting", ["", "short", "not base64 at all!", b64encode(b"k" * 31).decode()])
def test_a_short_key_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="NOTIFIER_ADDRESS_KEY"):
        Pseudonyms.from_setting(setting)


@pytest.mark.parametrize(
    "address", ["", "@", "a@", "\ud800@x.example".encode("utf-8", "replace").decode(), "a@" + "x" * 300]
)
def test_whatever_calls_itself_an_address_has_a_hash(address: str) -> None:
    assert len(Pseudonyms(b"k" * 32).address_hash(address)) == 32
