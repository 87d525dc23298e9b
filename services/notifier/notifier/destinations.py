"""Which addresses webhooks may go to: public ones, and those networks that the shop's operators allow.

Owns the judgement of one address. It is asked at connecting, about the very address that is connected to: a name may
lead elsewhere a moment after it was looked up (DNS rebinding). Must not look up a name itself.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 behind NAT64 (RFC 6052)."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6 so far; what is outside of it is local, or means something else."""
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
"""Teredo and 6to4 lead to IPv4 addresses that are not in sight; nobody is reached that way any more."""
LONGEST_URL = 2_000


def may_be_reached(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether a webhook may go there: everywhere in public, and to the `allowed` networks."""
    real = _behind(address)
    if any(real in network for network in allowed if network.version == real.version):
        return True
    if real.is_multicast or real.is_reserved or real.is_unspecified or not real.is_global:
        return False
    if isinstance(real, IPv4Address):
        return True
    return real in _GLOBAL_UNICAST and not any(real in tunnel for tunnel in _TUNNELS)


def _behind(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else address


def address_in(text: str) -> Address:
    """An address as resolvers write it. Raises ValueError."""
    return ip_address(text)


def networks(text: str) -> tuple[Network, ...]:
    """`10.0.0.0/8, fd00::/8` as networks. Raises ValueError."""
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())


def problem_of(url: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why this cannot be an endpoint, as a code; None when nothing speaks against it until it is connected to."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "no_url"
    if parts.scheme != "https":
        return "not_https"
    if not host or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return "no_url"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "too_much_in_url"
    try:
        address = ip_address(host)
    except ValueError:
        return None  # a name, or something that resolvers read as an address: they are asked at connecting
    return None if may_be_reached(address, allowed) else "forbidden_address"
