"""Addresses that name their mail: short enough, believed only with our proof, whatever the way did to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import derived_id
from notifier.addressing import Addressing, Named, Use

KEYS = {"new": b"n" * 32, "old": b"o" * 32}
OURS = Addressing(KEYS, domain="mail.shop.example", sender="hello@shop.example")
MAIL = derived_id("message", "ada", "issue_opened", "i1")


def test_each_use_has_its_address_and_its_local_part_is_as_long_as_one_may_be() -> None:
    for address, use in ((OURS.return_path(MAIL), Use.bounce), (OURS.reply_to(MAIL), Use.reply)):
        assert OURS.named_by(address) == Named(MAIL, use)
        assert len(address.rpartition("@")[0]) <= 64


@pytest.mark.parametrize("changed", [str.upper, str.title, "<{}>".format, " {}".format, "prvs=4711abc={}".format])
def test_what_mail_servers_do_to_an_address_on_the_way_does_not_matter(changed: object) -> None:
    assert callable(changed)
    assert OURS.named_by(changed(OURS.return_path(MAIL))) == Named(MAIL, Use.bounce)


def test_an_address_of_an_older_key_is_still_ours_and_one_of_a_foreign_key_never_was() -> None:
    older = Addressing({"old": KEYS["old"]}, domain="mail.shop.example", sender="hello@shop.example")
    foreign = Addressing({"new": b"x" * 32}, domain="mail.shop.example", sender="hello@shop.example")
    assert OURS.named_by(older.reply_to(MAIL)) == Named(MAIL, Use.reply)
    assert OURS.named_by(foreign.reply_to(MAIL)) is None


def test_a_proof_is_of_one_mail_and_one_use() -> None:
    other = derived_id("message", "bob", "issue_opened", "i2")
    assert OURS.named_by(OURS.return_path(MAIL).replace(MAIL, other)) is None
    assert OURS.named_by(OURS.return_path(MAIL).replace("bounce", "reply")) is None
    assert OURS.named_by(OURS.return_path(MAIL).replace("mail.", "evil.")) is None


def test_it_is_found_among_the_headers_that_a_report_gives_back() -> None:
    headers = f"From: Shop <hello@shop.example>\r\nReply-To: <{OURS.reply_to(MAIL)}>\r\nSubject: x"
    assert OURS.named_in(headers) == Named(MAIL, Use.reply)
    assert OURS.named_in(headers.replace(MAIL, "x" * 36)) is None


def test_without_a_domain_everything_goes_to_the_sender_as_before() -> None:
    plain = Addressing(KEYS, domain=None, sender="hello@shop.example")
    assert (plain.return_path(MAIL), plain.reply_to(MAIL)) == ("hello@shop.example", "hello@shop.example")
    assert plain.named_by(plain.return_path(MAIL)) is None


@given(st.text(max_size=200))
def test_no_other_text_is_an_address_of_ours(text: str) -> None:
    assert OURS.named_by(text) is None
    assert OURS.named_in(text) is None
