"""A token opens something when the shop's own provider signed it, for us, and it still holds; nothing else does."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from chassis.tokens import FRESH_S, PAUSE_S, STALE_S, KeysAway, TokenRefused, Tokens, usable

ISSUER, AUDIENCE = "https://login.shop.example/", "rapport"
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "eve", "scope": "toy:read toy:write"}


def public(key: Any, key_id: str, algorithm: str) -> dict[str, Any]:
    """As a provider publishes it."""
    kind = jwt.get_algorithm_by_name(algorithm)
    written: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)  # type: ignore[attr-defined]  # each kind has it
    return written | {"kid": key_id, "alg": algorithm, "use": "sig"}


KEYS = {"keys": [public(RSA, "r", "RS256"), public(ELLIPTIC, "e", "ES256"), public(EDWARDS, "d", "EdDSA")]}


class Provider:
    """An identity provider that counts who fetches its keys."""

    def __init__(self, keys: Any = KEYS) -> None:
        self.keys, self.fetched, self.now_s = keys, 0, 0.0

    async def fetch(self, _: str) -> Any:
        self.fetched += 1
        await asyncio.sleep(0.01)
        if isinstance(self.keys, Exception):
            raise self.keys
        return self.keys

    def tokens(self) -> Tokens:
        """Ours, on a clock that the test moves."""
        return Tokens(ISSUER, AUDIENCE, "https://keys.example", fetch=self.fetch, clock=lambda: self.now_s)


def signed(key: Any = RSA, algorithm: str = "RS256", key_id: str = "r", **changes: Any) -> str:
    claims = {"exp": int(time.time()) + 300} | CLAIMS | changes
    present = {name: content for name, content in claims.items() if content is not None}
    return jwt.encode(present, key, algorithm=algorithm, headers={"kid": key_id})


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"), [(RSA, "RS256", "r"), (ELLIPTIC, "ES256", "e"), (EDWARDS, "EdDSA", "d")]
)
async def test_what_the_provider_signed_is_believed(key: Any, algorithm: str, key_id: str) -> None:
    client = await Provider().tokens().client_of(signed(key, algorithm, key_id))
    assert (client.id, client.scopes) == ("token:eve", {"toy:read", "toy:write"})


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": None, "scp": ["a", "b"]}, {"a", "b"}),
        ({"scope": None, "permissions": ["a"]}, {"a"}),
        ({"scope": None}, set()),
        ({"scope": {"a": 1}}, set()),
    ],
)
async def test_scopes_are_read_as_providers_write_them(claims: dict[str, Any], scopes: set[str]) -> None:
    assert (await Provider().tokens().client_of(signed(**claims))).scopes == scopes


def unsigned() -> str:
    return jwt.encode(CLAIMS | {"exp": int(time.time()) + 300}, None, algorithm="none", headers={"kid": "r"})


def confused() -> str:
    """HS256, with the provider's public key as the secret: what everybody knows."""
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # jwt itself refuses to sign so
    head, body = ({"alg": "HS256", "typ": "JWT", "kid": "r"}, CLAIMS | {"exp": int(time.time()) + 300})
    said = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, body))
    mac = jwt.get_algorithm_by_name("HS256").sign(said, pem)
    return (said + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def forged() -> str:
    head, _, signature = signed().split(".")
    return ".".join((head, signed(sub="mallory").split(".")[1], signature))


STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (unsigned, "token_refused"),
        (confused, "token_refused"),
        (forged, "token_refused"),
        (lambda: signed(STRANGER), "token_refused"),
        (lambda: signed(RSA, "RS512"), "token_refused"),
        (lambda: signed(RSA, "PS256"), "token_refused"),
        (lambda: signed(key_id="nobody's"), "token_refused"),
        (lambda: signed(iss="https://login.other.example/"), "token_refused"),
        (lambda: signed(aud="another"), "token_refused"),
        (lambda: signed(aud=["another", "third"]), "token_refused"),
        (lambda: signed(exp=int(time.time()) - 60), "token_expired"),
        (lambda: signed(exp=None), "token_refused"),
        (lambda: signed(sub=None), "token_refused"),
        (lambda: signed(aud=None), "token_refused"),
        (lambda: signed(iss=None), "token_refused"),
        (lambda: signed(nbf=int(time.time()) + 3_600), "token_refused"),
        (lambda: "a.b.c", "token_refused"),
        (lambda: "nonsense", "token_refused"),
        (lambda: "..", "token_refused"),
    ],
)
async def test_what_anybody_else_made_is_refused(made: Callable[[], str], code: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        await Provider().tokens().client_of(made())
    assert refused.value.code == code
    assert "mallory" not in refused.value.detail


async def test_a_new_key_is_fetched_when_a_token_names_it_and_the_old_one_is_gone_with_it() -> None:
    provider = Provider({"keys": [public(RSA, "r", "RS256")]})
    tokens = provider.tokens()
    await tokens.client_of(signed())
    provider.keys = {"keys": [public(ELLIPTIC, "e", "ES256")]}
    provider.now_s += PAUSE_S
    assert (await tokens.client_of(signed(ELLIPTIC, "ES256", "e"))).id == "token:eve"
    with pytest.raises(TokenRefused):
        await tokens.client_of(signed())
    assert provider.fetched == 2


async def test_a_flood_of_unknown_keys_fetches_once_a_minute() -> None:
    provider = Provider()
    tokens = provider.tokens()
    await tokens.client_of(signed())
    for minute in range(3):
        provider.now_s = PAUSE_S * minute + 1
        flood = [tokens.client_of(signed(key_id=f"{minute} {n}")) for n in range(50)]
        answers = await asyncio.gather(*flood, return_exceptions=True)
        assert {type(answer) for answer in answers} == {TokenRefused}
    assert provider.fetched == 3  # the first, and one for each later minute


async def test_those_who_come_first_wait_for_one_fetch() -> None:
    provider = Provider()
    tokens = provider.tokens()
    await asyncio.gather(*(tokens.client_of(signed()) for _ in range(20)))
    assert provider.fetched == 1


async def test_known_keys_hold_while_the_provider_is_away_and_not_for_ever() -> None:
    provider = Provider()
    tokens = provider.tokens()
    await tokens.client_of(signed())
    provider.keys = OSError("away")
    for now_s in (FRESH_S + 1, FRESH_S + PAUSE_S + 2, STALE_S - 1):
        provider.now_s = now_s
        await tokens.client_of(signed())
        await asyncio.sleep(0.02)
    assert provider.fetched == 4
    provider.now_s = STALE_S + 1
    with pytest.raises(KeysAway):
        await tokens.client_of(signed())
    provider.keys, provider.now_s = KEYS, STALE_S + PAUSE_S + 2
    with pytest.raises(KeysAway):
        await tokens.client_of(signed())  # the look that finds them again waits for nobody
    await asyncio.sleep(0.02)
    await tokens.client_of(signed())


@pytest.mark.parametrize("keys", [OSError("away"), ValueError("no JSON"), [], {"keys": 1}, "keys"])
async def test_without_keys_nobody_knows_and_nobody_is_let_in(keys: Any) -> None:
    with pytest.raises(KeysAway):
        await Provider(keys).tokens().client_of(signed())


def test_only_keys_that_check_signatures_by_our_algorithms_are_kept() -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")
    odd = [
        {"kty": "oct", "k": secret, "kid": "o", "alg": "HS256"},
        {"kty": "oct", "k": secret, "kid": "n"},
        public(RSA, "r", "RS256") | {"use": "enc"},
        {name: content for name, content in public(RSA, "r", "RS256").items() if name != "kid"},
        {"kty": "new", "kid": "x"},
        "nothing",
        public(ELLIPTIC, "e", "ES256"),
    ]
    assert list(usable({"keys": odd})) == ["e"]
