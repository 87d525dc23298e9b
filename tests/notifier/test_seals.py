"""A signed mail is believed by who receives it, checked by somebody else's code, and no longer once it was touched."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chassis.runtime import Runtime
from notifier.app import application
from notifier.seals import Seal, relaxed_body, relaxed_header, seal_of
from notifier.sender import Sender
from notifier.settings import NotifierSettings
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import confirmed, earned, hour, known
from tests.notifier.postbox import Postbox

KEY = generate_private_key(65_537, 2_048)


def pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def published(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001 what the library asks with
    """The shop's name server."""
    if name != b"march._domainkey.shop.example.":
        return None
    encoded = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + dkim.base64.b64encode(encoded)


def believed(mail: bytes) -> bool:
    return bool(dkim.DKIM(mail).verify(dnsfunc=published))


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox, tmp_path: Path) -> Runtime:
    (tmp_path / "key.pem").write_bytes(pem(KEY))
    return await runtime_of(
        application, CLOCK="simulated", SMTP_PORT=str(postbox.port), NOTIFIER_PAGES_URL="https://shop.example",
        DKIM_KEY_FILE=str(tmp_path / "key.pem"), DKIM_SELECTOR="march",
    )  # fmt: skip


@pytest.fixture
async def received(runtime: Runtime, postbox: Postbox) -> AsyncIterator[list[bytes]]:
    """Mails as they came through a real SMTP server: points, which may be left, and an order."""
    assert isinstance(runtime.settings, NotifierSettings)
    await runtime.fold([known(name="Ада"), confirmed(10), earned(10)], until=hour(11))
    sender = Sender(runtime, runtime.settings)
    await sender.send_ready()
    yield sorted(postbox.raw, key=lambda raw: b"List-Unsubscribe:" not in raw)
    await sender.close()


async def test_what_is_received_is_believed(received: list[bytes]) -> None:
    assert len(received) == 2
    assert all(believed(mail) for mail in received)


async def test_the_signature_covers_every_header(received: list[bytes]) -> None:
    for mail in received:
        head = mail.partition(b"\r\n\r\n")[0]
        present = {name.lower() for name in re.findall(rb"^([^\s:]+):", head, re.MULTILINE)}
        signature = head.partition(b"\r\nFrom:")[0]
        covered = set(re.sub(rb"\s", b"", signature).partition(b";h=")[2].partition(b";")[0].split(b":"))
        assert present - {b"dkim-signature"} <= covered
        assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= covered
    assert b"list-unsubscribe" in received[0].lower().replace(b"h=", b"")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"/preferences/", b"/preferences/x"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No"),
        (b"Subject: ", b"Subject: Win! "),
        (b"From: ", b"From: Mallory <m@example.org>\r\nFrom: "),
        (b"Subject: ", b"List-Unsubscribe: <https://example.org>\r\nSubject: "),
        (b"MIME-Version: 1.0\r\n", b""),
        (b"ada@", b"eve@"),
        (b"points", b"pints"),
    ],
)
async def test_what_was_touched_is_not_believed(received: list[bytes], was: bytes, becomes: bytes) -> None:
    touched = received[0].replace(was, becomes)
    assert touched != received[0]
    assert not _survives(touched)


def _survives(mail: bytes) -> bool:
    try:
        return believed(mail)
    except dkim.DKIMException:
        return False


async def test_a_way_out_added_to_mail_without_one_is_not_believed(received: list[bytes]) -> None:
    order = received[1]
    assert b"List-Unsubscribe:" not in order
    assert not _survives(order.replace(b"Subject: ", b"List-Unsubscribe: <https://example.org>\r\nSubject: "))


async def test_spaces_that_mail_servers_change_break_nothing(received: list[bytes]) -> None:
    refolded = (
        received[0].replace(b"List-Unsubscribe: ", b"List-Unsubscribe:\r\n ").replace(b"\r\n\r\n", b" \r\n\r\n", 1)
    )
    assert believed(refolded + b"\r\n\r\n")


TEXTS = st.lists(st.sampled_from([b"a", b"word", b" ", b"\t", b"\r\n", b"b "]), max_size=30).map(
    lambda parts: b"".join([*parts, b"\r\n"])
)


@given(TEXTS)
def test_our_canonical_form_is_that_of_the_others(body: bytes) -> None:
    theirs = dkim.canonicalization.Relaxed
    assert relaxed_body(body) == theirs.canonicalize_body(body)
    folded = body.replace(b"\r\n", b"\r\n ").strip()
    ours = relaxed_header(b"X-Name : " + folded.replace(b"\r\n", b""))[1]
    [(name, content)] = theirs.canonicalize_headers([(b"X-Name ", b" " + folded + b"\r\n")])
    assert ours + b"\r\n" == name + b":" + content


@given(TEXTS, st.sampled_from([b"X-A: 1\r\nX-B: 2", b"X-A: 1\r\nX-A: 2", b"X-A:  1\r\n  2"]))
def test_any_mail_is_believed(body: bytes, more: bytes) -> None:
    mail = b"From: a@shop.example\r\n" + more + b"\r\n\r\n" + body
    assert believed(Seal(KEY, domain="shop.example", selector="march").sealed(mail))


async def test_without_a_key_nothing_is_signed(runtime_of: RuntimeOf) -> None:
    settings = (await runtime_of(application)).settings
    assert isinstance(settings, NotifierSettings)
    assert seal_of(settings) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"no key", pem(ec.generate_private_key(ec.SECP256R1())), pem(generate_private_key(65_537, 1_024))],  # noqa: S505
    ids=["empty", "junk", "elliptic", "short"],
)
async def test_a_wrong_key_stops_the_start(runtime_of: RuntimeOf, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(ValueError, match=r"(?i)key|pem"):
        await runtime_of(application, DKIM_KEY_FILE=str(tmp_path / "key.pem"))
