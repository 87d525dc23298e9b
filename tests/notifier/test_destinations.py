"""Webhooks go to public addresses and to what operators allow, however an address is written or hidden."""

import pytest

from notifier.destinations import address_in, may_be_reached, networks, problem_of

PRIVATE = [
    "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "0.0.0.0",  # noqa: S104 nothing listens here
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:0a00:0001::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "4000::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_nothing_inside_is_reached(address: str) -> None:
    assert not may_be_reached(address_in(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_what_is_public_is_reached(address: str) -> None:
    assert may_be_reached(address_in(address))


@pytest.mark.parametrize("address", ["10.20.0.1", "::ffff:10.20.0.1", "64:ff9b::10.20.0.1", "fd12::1"])
def test_what_operators_allow_is_reached_and_nothing_beside_it(address: str) -> None:
    allowed = networks("10.20.0.0/16, fd12::/16")
    assert may_be_reached(address_in(address), allowed)
    assert not may_be_reached(address_in("10.21.0.1"), allowed)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://crm.example/hooks?x=1", None), ("https://crm.example:8443", None), ("https://8.8.8.8/", None),
        ("http://crm.example/", "not_https"), ("ftp://crm.example/", "not_https"), ("crm.example", "not_https"),
        ("https://", "no_url"), ("https:///x", "no_url"), ("https://crm.example:99999/", "no_url"),
        ("https://[::1", "no_url"), ("https://crm.example/\n", "no_url"), ("https://crm.example/ x", "no_url"),
        (f"https://crm.example/{'x' * 2_000}", "no_url"), ("https://a:b@crm.example/", "too_much_in_url"),
        ("https://crm.example@evil.example/", "too_much_in_url"), ("https://crm.example/#x", "too_much_in_url"),
        ("https://127.0.0.1/", "forbidden_address"), ("https://[::1]/", "forbidden_address"),
        ("https://[::ffff:127.0.0.1]/", "forbidden_address"), ("https://169.254.169.254/x", "forbidden_address"),
    ],
)  # fmt: skip
def test_what_is_plainly_wrong_is_refused_at_once(url: str, code: str | None) -> None:
    assert problem_of(url) == code
