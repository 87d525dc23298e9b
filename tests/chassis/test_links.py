"""A link opens one thing for one purpose until its time, and nobody else makes one."""

from collections.abc import Callable

import jwt
import pytest

from chassis.links import LinkRefused, Links
from tests.running import at

OLD, NEW = "old:" + "o" * 32, "new:" + "n" * 32


def mint(setting: str = NEW, purpose: str = "survey", hour: float = 12) -> str:
    """A link for one of Ada's surveys."""
    return Links.from_setting(setting).mint(purpose=purpose, subject="s-1", customer_id="ada", expires_at=at(hour))


def code_of(token: str, hour: float = 11) -> str:
    """Why the link is refused."""
    with pytest.raises(LinkRefused) as refused:
        Links.from_setting(NEW).verify(token, purpose="survey").check_open(at(hour))
    return refused.value.code


def test_a_link_tells_who_and_what_it_opens() -> None:
    claims = Links.from_setting(NEW).verify(mint(), purpose="survey")
    claims.check_open(at(11))
    assert (claims.subject, claims.customer_id, claims.expires_at) == ("s-1", "ada", at(12))


@pytest.mark.parametrize("customer_id", ["ada", 'ümlaut "quoted" 客'])
def test_a_link_is_what_the_library_would_have_made(customer_id: str) -> None:
    token = Links.from_setting(NEW).mint(purpose="survey", subject="s-1", customer_id=customer_id, expires_at=at(12))
    claims = {"aud": "survey", "sub": "s-1", "cus": customer_id, "exp": int(at(12).timestamp())}
    theirs = jwt.encode(claims, "n" * 32, algorithm="HS256", headers={"kid": "new", "typ": ""})
    assert jwt.decode(token, "n" * 32, algorithms=["HS256"], audience="survey", options={"verify_exp": False}) == claims
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "new"}
    assert token == theirs or not customer_id.isascii()  # which escapes what is not ASCII


def test_a_link_of_the_key_before_still_opens() -> None:
    claims = Links.from_setting(f"{NEW},{OLD}").verify(mint(OLD), purpose="survey")
    assert claims.subject == "s-1"


def _unsigned() -> str:
    return jwt.encode({"aud": "survey", "sub": "s", "cus": "c", "exp": 9e9}, None, algorithm="none")


def _of_algorithm(algorithm: str) -> str:
    claims = {"aud": "survey", "sub": "s", "cus": "c", "exp": 9_000_000_000}
    return jwt.encode(claims, "n" * 64, algorithm=algorithm, headers={"kid": "new"})


def _flipped() -> str:
    head, body, signature = mint().split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (lambda: mint(purpose="preferences"), "bad_link"),
        (lambda: mint(OLD), "bad_link"),
        (lambda: mint("new:" + "x" * 32), "bad_link"),
        (_flipped, "bad_link"),
        (_unsigned, "bad_link"),
        (lambda: _of_algorithm("HS512"), "bad_link"),
        (lambda: "", "bad_link"),
        (lambda: "a.b.c", "bad_link"),
        (lambda: "ä\ud800", "bad_link"),
        (lambda: mint(hour=11), "link_expired"),
    ],
    ids=["purpose", "unknown key", "forged", "flipped", "none", "algorithm", "empty", "junk", "no text", "expired"],
)
def test_every_other_link_is_refused(token: Callable[[], str], code: str) -> None:
    assert code_of(token()) == code


@pytest.mark.parametrize("setting", ["", "new", "new:short", f"{NEW},:" + "x" * 32])
def test_weak_or_missing_keys_are_no_setting(setting: str) -> None:
    with pytest.raises(ValueError, match="LINK_KEYS"):
        Links.from_setting(setting)
