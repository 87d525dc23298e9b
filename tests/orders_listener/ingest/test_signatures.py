"""Signatures as providers make them, each with what must not pass. Vectors are our own, made by hand with OpenSSL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from orders_listener.ingest.signatures import (
    BadSignature,
    Check,
    Delivery,
    base64_of_body,
    easypost,
    standard_webhooks,
    standard_webhooks_key,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = '{"order": "R1", "für": "Jürgen"}'.encode()
SECRET, OTHER = "shop-secret-2026", "shop-secret-2025"
OF_BODY = "1IAaX8Dd1TeTq6gwLhPxFnmFV/4fVuGxaitY1ePzH9g="
HEX_NFKD = "3a8a0fdabc19261b76a6299d0b9f2a8777f2a7ac183826a5fe5d04a497ca55a3"
HEX_NFC = "d940f64aa6c010da132c8fbd27b424e3beb6c7cc8bc6d7f3517eb6592325f885"
HEX_2 = "ff5611c74ae531816590ef462a8c6a7e2b1c971716e9ea114c9bcfe647ee3c25"
STANDARD_SECRET = "whsec_" + "YSBrZXkgb2YgdGhlIHNob3AsIGxvbmcgZW5vdWdo"
STANDARD = "A6CTlCIyhj9H/1aRwTZqiQQLFRfoL1QSGRbe4zNuBPI="
AT = str(int(NOW.timestamp()))
shopify = base64_of_body("x-shopify-hmac-sha256", "shopify-hmac-sha256")
EASYPOST_2 = {
    "x-timestamp": "Mon, 02 Mar 2026 09:00:00 +0000",
    "x-path": "/v1/ingest/easypost",
    "x-hmac-signature-v2": f"hmac-sha256-hex={HEX_2}",
}
STANDARD_HEADERS = {"webhook-id": "msg_1", "webhook-timestamp": AT, "webhook-signature": f"v1,{STANDARD}"}

GOOD: list[tuple[str, Check, Mapping[str, str], Sequence[str]]] = [
    ("of the body, in base64", shopify, {"x-shopify-hmac-sha256": OF_BODY}, [SECRET]),
    ("… with a line feed behind it", shopify, {"x-shopify-hmac-sha256": OF_BODY + "\n"}, [SECRET]),
    ("… in the header's newer name", shopify, {"shopify-hmac-sha256": OF_BODY}, [SECRET]),
    ("… by the secret that goes", shopify, {"x-shopify-hmac-sha256": OF_BODY}, [OTHER, SECRET]),
    ("… by the secret that comes", shopify, {"x-shopify-hmac-sha256": OF_BODY}, [SECRET, OTHER]),
    ("EasyPost's", easypost, {"x-hmac-signature": f"hmac-sha256-hex={HEX_NFKD}"}, ["s\u00e9cret"]),
    (
        "… of a secret written otherwise",
        easypost,
        {"x-hmac-signature": f"hmac-sha256-hex={HEX_NFKD}"},
        ["se\u0301cret"],
    ),
    ("EasyPost's second", easypost, EASYPOST_2, ["s\u00e9cret"]),
    ("Standard Webhooks", standard_webhooks, STANDARD_HEADERS, [STANDARD_SECRET]),
    (
        "… one of several",
        standard_webhooks,
        STANDARD_HEADERS | {"webhook-signature": f"v1a,abc v1,AAAA v1,{STANDARD}"},
        [STANDARD_SECRET],
    ),
]
BAD: list[tuple[str, Check, Mapping[str, str], Sequence[str], str]] = [
    ("no header", shopify, {}, [SECRET], "signature_missing"),
    ("an empty one", shopify, {"x-shopify-hmac-sha256": ""}, [SECRET], "signature_missing"),
    ("no base64", shopify, {"x-shopify-hmac-sha256": "Ümlaut!"}, [SECRET], "signature_wrong"),
    ("another secret", shopify, {"x-shopify-hmac-sha256": OF_BODY}, [OTHER], "signature_wrong"),
    ("cut short", shopify, {"x-shopify-hmac-sha256": OF_BODY[:-4]}, [SECRET], "signature_wrong"),
    ("hex for base64", shopify, {"x-shopify-hmac-sha256": HEX_NFKD}, [SECRET], "signature_wrong"),
    ("EasyPost without", easypost, {}, ["s\u00e9cret"], "signature_missing"),
    (
        "not normalised",
        easypost,
        {"x-hmac-signature": f"hmac-sha256-hex={HEX_NFC}"},
        ["s\u00e9cret"],
        "signature_wrong",
    ),
    ("no hex", easypost, {"x-hmac-signature": "hmac-sha256-hex=zz"}, ["s\u00e9cret"], "signature_wrong"),
    (
        "the first wrong, the second right",
        easypost,
        {"x-hmac-signature": "hmac-sha256-hex=00"} | EASYPOST_2,
        ["s\u00e9cret"],
        "signature_wrong",
    ),
    ("another path", easypost, EASYPOST_2 | {"x-path": "/elsewhere"}, ["s\u00e9cret"], "signature_wrong"),
    ("no moment", easypost, EASYPOST_2 | {"x-timestamp": "yesterday"}, ["s\u00e9cret"], "signature_stale"),
    (
        "an old moment",
        easypost,
        EASYPOST_2 | {"x-timestamp": "Mon, 02 Mar 2026 08:54:00 +0000"},
        ["s\u00e9cret"],
        "signature_stale",
    ),
    (
        "Standard Webhooks without an id",
        standard_webhooks,
        {name: text for name, text in STANDARD_HEADERS.items() if name != "webhook-id"},
        [STANDARD_SECRET],
        "signature_missing",
    ),
    (
        "another id",
        standard_webhooks,
        STANDARD_HEADERS | {"webhook-id": "msg_2"},
        [STANDARD_SECRET],
        "signature_wrong",
    ),
    (
        "only a kind of signature that is not spoken here",
        standard_webhooks,
        STANDARD_HEADERS | {"webhook-signature": f"v1a,{STANDARD}"},
        [STANDARD_SECRET],
        "signature_wrong",
    ),
    (
        "a moment in words",
        standard_webhooks,
        STANDARD_HEADERS | {"webhook-timestamp": "now"},
        [STANDARD_SECRET],
        "signature_stale",
    ),
    (
        "a moment beyond all calendars",
        standard_webhooks,
        STANDARD_HEADERS | {"webhook-timestamp": "9" * 30},
        [STANDARD_SECRET],
        "signature_stale",
    ),
]


@pytest.mark.parametrize(("check", "headers", "secrets"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_what_a_provider_signed_passes(check: Check, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
    check(Delivery(headers, BODY, NOW), secrets)


@pytest.mark.parametrize(("check", "headers", "secrets", "code"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_it_did_not_sign_does_not(
    check: Check, headers: Mapping[str, str], secrets: Sequence[str], code: str
) -> None:
    with pytest.raises(BadSignature) as refused:
        check(Delivery(headers, BODY, NOW), secrets)
    assert refused.value.code == code
    assert "R1" not in refused.value.detail


@pytest.mark.parametrize(("check", "headers", "secrets"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_one_byte_more_is_another_body(check: Check, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
    with pytest.raises(BadSignature):
        check(Delivery(headers, BODY + b"\n", NOW), secrets)


@pytest.mark.parametrize(("minutes", "holds"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_a_signed_moment_holds_for_five_minutes_either_way(minutes: int, *, holds: bool) -> None:
    delivery = Delivery(STANDARD_HEADERS, BODY, NOW + timedelta(minutes=minutes))
    if holds:
        standard_webhooks(delivery, [STANDARD_SECRET])
    else:
        with pytest.raises(BadSignature, match="moment"):
            standard_webhooks(delivery, [STANDARD_SECRET])


@pytest.mark.parametrize("secret", ["whsec_%%%", "whsec_c2hvcnQ=", ""])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="a secret"):
        standard_webhooks_key(secret)
