"""Links of others that a message may lead to: where to pay, where a parcel is. Https to a plain host, or none at all.

Which hosts is the storefront's affair. Such a link opens its page to whoever has it: it stands in the message and
nowhere else, and no longer than it takes to say it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PAY, TRACK = "pay_url", "tracking_url"
NAMES = (PAY, TRACK)
"""Of content, in the order in which one is chosen: a message has one link at most."""
LONGEST = 2_000
_SAFE = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+")
"""The characters that a URI may have (RFC 3986, section 2)."""
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def safe(url: object) -> str | None:
    """The link, where it is one that people may be sent to; None for another scheme, a disguised or missing host."""
    if not isinstance(url, str) or len(url) > LONGEST or not _SAFE.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    return url if parts.username is None and parts.password is None and _HOST.fullmatch(host) else None


def link_of(content: Mapping[str, Any]) -> str | None:
    """Where a message with that content leads."""
    return next((link for name in NAMES if (link := safe(content.get(name)))), None)


def without_links(content: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of it once it was said."""
    return {name: value for name, value in content.items() if name not in NAMES}
