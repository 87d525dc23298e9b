"""Fields of a provider's body, taken for what they are: what has another shape counts as not there."""

import re
from typing import Any, NamedTuple

import msgspec

from notifier.inbound.mails import Bounce, Heard
from notifier.statuses import Meaning, Weight, meaning_of, status_of

MARK = "rapport"
"""The name under which providers are given our mail's id, and give it back."""
_MESSAGE_ID = re.compile(r"<?([a-z0-9-]{1,64})(?:@[^<>@\s]{1,255})?>?", re.IGNORECASE)


class Report(NamedTuple):
    """What a provider says of one mail."""

    message_id: str | None
    """None where it names none of ours."""
    said: Heard


class BadBody(ValueError):
    """It is not what the provider says it sends."""


def document(body: bytes) -> Any:
    """The body. Raises `BadBody`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody("the body is not JSON") from error


def part(value: object, *names: str) -> dict[str, Any]:
    """The object under these names, one inside of the other."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def parts(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """What is written there; empty where nothing is."""
    return str(value)[:2_000] if isinstance(value, str | int | float) else ""


def message_id_in(*written: object) -> str | None:
    """Our mail's id, in the first of these that has its form: an id, or a Message-ID."""
    found = (_MESSAGE_ID.fullmatch(text(one).strip()) for one in written)
    return next((match[1].lower() for match in found if match), None)


def bounce(codes: str, words: str = "", *, at_most: Weight = Weight.hard) -> Bounce:
    """Not delivered, by what the mail server said; `at_most` soft where the provider says that it will pass."""
    status = status_of(codes, words)
    meaning = meaning_of(status, words)
    if meaning.weight is Weight.hard and at_most is not Weight.hard:
        meaning = Meaning(at_most, meaning.reason)
    return Bounce(meaning=meaning, code=str(status) if status else None)
