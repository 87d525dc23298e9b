"""Why a record cannot be read: one reason per class of mistake, found only after reading has failed."""

import re
from enum import StrEnum
from typing import Any

import msgspec


class Reason(StrEnum):
    """Reason codes of records that are parked because they cannot be read. Stable: operators filter by them."""

    missing_value = "missing_value"
    empty_value = "empty_value"
    value_too_large = "value_too_large"
    missing_key = "missing_key"
    key_mismatch = "key_mismatch"
    not_utf8 = "not_utf8"
    utf16 = "utf16"
    byte_order_mark = "byte_order_mark"
    registry_frame = "registry_frame"
    """Begins like a schema registry's serializer writes: a zero byte and the number of a schema."""
    malformed_json = "malformed_json"
    truncated_json = "truncated_json"
    not_an_object = "not_an_object"
    too_deep = "too_deep"
    not_a_number = "not_a_number"
    infinite = "infinite"
    integer_too_large = "integer_too_large"
    """More than a JSON reader or a column holds exactly."""
    integer_too_long = "integer_too_long"
    """So many digits that reading them would be an attack."""
    lone_surrogate = "lone_surrogate"
    nul_character = "nul_character"
    bad_base64 = "bad_base64"
    bad_header = "bad_header"
    missing_attribute = "missing_attribute"
    missing_id = "missing_id"
    bad_attribute = "bad_attribute"
    unsupported_content_type = "unsupported_content_type"
    unsupported_spec_version = "unsupported_spec_version"
    unknown_type = "unknown_type"
    unknown_version = "unknown_version"
    missing_field = "missing_field"
    missing_customer = "missing_customer"
    null_field = "null_field"
    wrong_type = "wrong_type"
    boolean_for_integer = "boolean_for_integer"
    fraction = "fraction"
    """Decimals where whole minor units, points or pieces are counted."""
    unknown_value = "unknown_value"
    negative = "negative"
    zero = "zero"
    over_limit = "over_limit"
    too_short = "too_short"
    too_long = "too_long"
    bad_form = "bad_form"
    bad_time = "bad_time"
    naive_time = "naive_time"
    time_too_early = "time_too_early"
    time_too_late = "time_too_late"
    occurred_after_said = "occurred_after_said"


class Unreadable(Exception):
    """A record that is parked as it is; `detail` says what was wrong without repeating what was in it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


# Read from the messages of the decoder, which are part of its tested behaviour (msgspec 0.22). First match wins.
_BY_MESSAGE: tuple[tuple[str, Reason], ...] = (
    (r"missing required field `customer_id`$", Reason.missing_customer),
    (r"missing required field", Reason.missing_field),
    (r"Expected `object`, got `\w+`$", Reason.not_an_object),
    (r"got `null`", Reason.null_field),
    (r"Expected `int`, got `bool`", Reason.boolean_for_integer),
    (r"Expected `int`, got `float`", Reason.fraction),
    (r"Invalid enum value", Reason.unknown_value),
    (r"timezone", Reason.naive_time),
    (r"Invalid RFC3339", Reason.bad_time),
    (r"matching regex", Reason.bad_form),
    (r"of length >=", Reason.too_short),
    (r"of length <=", Reason.too_long),
    (r"Expected `int` <= 9007199254740991", Reason.integer_too_large),
    (r"Expected `int` <=", Reason.over_limit),
    (r"Integer value out of range", Reason.integer_too_long),
    (r"Number out of range", Reason.infinite),
    (r"Expected `", Reason.wrong_type),
)
_UTF16 = re.compile(rb"\xff\xfe|\xfe\xff|\x00{1,3}[\x20-\x7e]|[\x20-\x7e]\x00")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""Possessive, and content without its closing quote: linear in hostile bytes."""
_LONE_SURROGATE = re.compile(
    r"(?<!\\)(?:\\\\)*"
    r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F])"
)


def diagnose(data: bytes, error: Exception) -> Unreadable:
    """The most telling reason for bytes that a decoder refused with `error`."""
    if isinstance(error, RecursionError):
        return Unreadable(Reason.too_deep, "nested too deeply")
    reason = _from_encoding(data) or _from_message(data, str(error)) or _from_tokens(data.decode(), str(error))
    return Unreadable(reason, _detail(error))


def _from_encoding(data: bytes) -> Reason | None:
    if data[:1] == b"\x00" and data[5:6] in (b"{", b"["):
        return Reason.registry_frame
    if _UTF16.match(data):
        return Reason.utf16
    if data.startswith(b"\xef\xbb\xbf"):
        return Reason.byte_order_mark
    try:
        data.decode()
    except UnicodeDecodeError:
        return Reason.not_utf8
    return None


def _from_message(data: bytes, message: str) -> Reason | None:
    if "Expected `int` >=" in message:
        return Reason.zero if _at_path(data, message) == 0 else Reason.negative
    return next((reason for pattern, reason in _BY_MESSAGE if re.search(pattern, message)), None)


def _at_path(data: bytes, message: str) -> Any:
    """What stands at the place in the message, which names only the limit; None when the rest is broken too."""
    try:
        content = msgspec.json.decode(data)
        for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", message.rpartition("`$")[2]):
            content = content[key] if key else content[int(index)]
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError):
        return None
    return content


def _from_tokens(text: str, message: str) -> Reason:
    """Why it is no JSON."""
    bare = _STRING.sub('""', text)
    if re.search(r"\bNaN\b", bare):
        return Reason.not_a_number
    if re.search(r"\bInfinity\b", bare):
        return Reason.infinite
    if _LONE_SURROGATE.search(text):
        return Reason.lone_surrogate
    if "\x00" in text:
        return Reason.nul_character
    return Reason.truncated_json if "truncated" in message else Reason.malformed_json


def _detail(error: Exception) -> str:
    """The decoder's words without values: they may be somebody's name."""
    return re.sub(r"Invalid enum value .* - at", "Invalid enum value - at", str(error), flags=re.DOTALL)[:500]
