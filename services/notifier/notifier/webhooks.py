"""Webhooks for CRMs and other services: who wants which facts, how they are signed, and when it is tried again.

Owns what the Standard Webhooks specification 1.0.0 says (standard-webhooks/spec/standard-webhooks.md): headers,
signature, body, retries, what an answer means. Knows neither HTTP nor which addresses may be reached (`destinations`).
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from contracts import Event
from contracts.envelope import entry_of
from contracts.feedback import FEEDBACK
from contracts.ids import derived_id
from contracts.loyalty import LOYALTY
from contracts.notifications import NOTIFICATIONS
from contracts.orders import ORDERS
from contracts.past import is_past

SECRET_PREFIX = "whsec_"  # noqa: S105 what every secret begins with
SECRET_BYTES = 32
"""Between 24 and 64."""
FORMER_LASTS = timedelta(hours=24)
"""So long the secret of before signs too, after a new one was made."""
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""Between attempts; after the last one it is given up, three days later."""
JITTER = 0.2
"""A pause is longer by up to this share of itself."""
RESTS_AFTER = 5
"""Failures in a row after which an endpoint rests."""
SHORTEST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(hours=1)
LONGEST_WISH = timedelta(hours=24)
"""A Retry-After beyond this is not believed."""
PUBLIC_TOPICS = frozenset({NOTIFICATIONS, ORDERS, FEEDBACK, LOYALTY})
"""What stands on these names nobody: customers have an id, and nothing else of theirs is said there."""
_GONE, _BUSY = 410, (429, 503)


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where somebody wants facts to be posted."""

    webhook_id: str
    url: str
    types: tuple[str, ...] = ()
    """Types of facts that are wanted; none: all of them. `notifications.*` wants what begins so."""
    description: str = ""
    secret: str
    former_secret: str | None = None
    former_until: datetime | None = None
    disabled_reason: str | None = None
    failures: int = 0
    rests_until: datetime | None = None
    created_at: datetime
    delivered_at: datetime | None = None

    def wants(self, fact_type: str) -> bool:
        """Whether facts of this type are to be posted here."""
        return not self.types or any(_matches(wanted, fact_type) for wanted in self.types)

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the newest first."""
        former = self.former_secret if self.former_until is not None and now < self.former_until else None
        return (self.secret,) if former is None else (self.secret, former)


class Delivery(Struct, frozen=True, kw_only=True):
    """One fact that is owed to one endpoint."""

    webhook_id: str
    event_id: str
    """The header `webhook-id`, the same at every attempt."""
    customer_id: str
    type: str
    occurred_at: datetime
    body: str
    """As it is signed and posted."""
    attempts: int = 0


def _matches(wanted: str, fact_type: str) -> bool:
    return fact_type.startswith(wanted[:-1]) if wanted.endswith("*") else fact_type == wanted


class Fate(StrEnum):
    """What follows from an attempt."""

    arrived = "arrived"
    failed = "failed"
    gone = "gone"
    """The endpoint wants nothing more, for good."""


class Attempt(Struct, frozen=True, kw_only=True):
    """What an endpoint answered, or why it could not."""

    event_id: str
    status: int | None = None
    error: str | None = None
    """A code, never the answer's words."""
    retry_after: str | None = None

    @property
    def fate(self) -> Fate:
        """2xx is success, 410 the end of it, everything else a failure; also 3xx: nobody is followed anywhere."""
        if self.status is not None and 200 <= self.status < 300:
            return Fate.arrived
        return Fate.gone if self.status == _GONE else Fate.failed

    def wished(self, now: datetime) -> timedelta | None:
        """So long a busy endpoint wants to be left alone; None where it does not say so."""
        if self.status not in _BUSY or self.retry_after is None:
            return None
        return _wait(self.retry_after.strip(), now)


def _wait(retry_after: str, now: datetime) -> timedelta | None:
    """Seconds or a date (RFC 9110, section 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(timedelta(seconds=int(retry_after[:9])), LONGEST_WISH)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST_WISH)


class Retry(Struct, frozen=True, kw_only=True):
    """What follows from a failure."""

    next_at: datetime | None
    """None: it is given up."""
    rests_until: datetime | None
    """The endpoint rests."""


def after_failure(attempt: Attempt, attempts: int, failures: int, now: datetime, chance: float) -> Retry:
    """After that many attempts of this delivery and failures in a row of its endpoint. `chance` is between 0 and 1."""
    wished = attempt.wished(now)
    rest = wished or _rest(failures)
    pause = PAUSES[attempts - 1] * (1 + JITTER * chance) if attempts <= len(PAUSES) else None
    return Retry(
        next_at=None if pause is None else now + max(pause, wished or timedelta(0)),
        rests_until=now + rest if rest else None,
    )


def _rest(failures: int) -> timedelta | None:
    if failures < RESTS_AFTER:
        return None
    return min(SHORTEST_REST * 2.0 ** min(failures - RESTS_AFTER, 20), LONGEST_REST)


def secret_of(key: bytes) -> str:
    """As it is shown, once."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signed(event_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The three headers; with several secrets, one signature by each."""
    timestamp = str(int(now.timestamp()))
    content = b".".join((event_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(content, secret) for secret in secrets),
    }


def _signature(content: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, content, sha256)).decode()


def owed(events: Sequence[Event[Any]], endpoints: Sequence[Endpoint]) -> list[Delivery]:
    """What these facts mean for those who want some: one row for each of both."""
    public = [event for event in events if _is_public(event)]
    return [
        Delivery(
            webhook_id=endpoint.webhook_id,
            event_id=derived_id("webhook", event.source, event.id),
            customer_id=event.customer_id,
            type=fact_type,
            occurred_at=event.at,
            body=_body(fact_type, event),
        )
        for event in public
        for fact_type in (type_of(type(event.data)),)
        for endpoint in endpoints
        if endpoint.wants(fact_type)
    ]


def type_of(fact: type[Any]) -> str:
    """As webhooks name it: `notifications.message_sent.v1`, with the letters that the specification asks for."""
    return entry_of(fact).type.replace("-", "_")


def _is_public(event: Event[Any]) -> bool:
    """Nothing of a past that was read in, and of no topic on which people are named."""
    return entry_of(type(event.data)).topic in PUBLIC_TOPICS and not is_past(event.correlation_id, event.at)


def _body(fact_type: str, event: Event[Any]) -> str:
    said: Mapping[str, Any] = {
        "type": fact_type,
        "timestamp": event.at,
        "id": event.id,
        "correlation_id": event.correlation_id,
        "data": event.data,
    }
    return msgspec.json.encode(said).decode()
