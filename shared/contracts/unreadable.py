"""Why a record cannot be read: one reason per class of mistake, found only after reading has failed."""

import re
from enum import StrEnum


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
    malformed_json = "malformed_json"
    truncated_json = "truncated_json"
    not_an_object = "not_an_object"
    too_deep = "too_deep"
    not_finite = "not_finite"
    integer_too_large = "integer_too_large"
    lone_surrogate = "lone_surrogate"
    nul_character = "nul_character"
    bad_base64 = "bad_base64"
    bad_header = "bad_header"
    missing_attribute = "missing_attribute"
    bad_attribute = "bad_attribute"
    unsupported_content_type = "unsupported_content_type"
    unsupported_spec_version = "unsupported_spec_version"
    unknown_type = "unknown_type"
    unknown_version = "unknown_version"
    missing_field = "missing_field"
    null_field = "null_field"
    wrong_type = "wrong_type"
    unknown_value = "unknown_value"
    out_of_range = "out_of_range"
    bad_form = "bad_form"
    bad_time = "bad_time"
    naive_time = "naive_time"
    time_out_of_range = "time_out_of_range"
    occurred_after_said = "occurred_after_said"


class Unreadable(Exception):
    """A record that is parked as it is; `detail` says what was wrong without repeating what was in it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


# Read from the messages of the decoder, which are part of its tested behaviour (msgspec 0.22).
_BY_MESSAGE: tuple[tuple[str, Reason], ...] = (
    (r"missing required field", Reason.missing_field),
    (r"Expected `object`, got `\w+`$", Reason.not_an_object),
    (r"got `null`", Reason.null_field),
    (r"Invalid enum value", Reason.unknown_value),
    (r"timezone", Reason.naive_time),
    (r"Invalid RFC3339", Reason.bad_time),
    (r"Expected `\w+` matching regex", Reason.bad_form),
    (r"Expected `(int|float)` [<>]|out of range|of length", Reason.out_of_range),
    (r"surrogate", Reason.lone_surrogate),
    (r"Input data was truncated", Reason.truncated_json),
    (r"Expected `", Reason.wrong_type),
    (r"invalid utf-8|Invalid UTF-8", Reason.not_utf8),
)


def diagnose(data: bytes, error: Exception) -> Unreadable:
    """The most telling reason for bytes that a decoder refused with `error`."""
    if isinstance(error, RecursionError):
        return Unreadable(Reason.too_deep, "nested too deeply")
    reason = _from_bytes(data) or _from_message(str(error))
    return Unreadable(reason, _detail(error))


def _from_bytes(data: bytes) -> Reason | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        return Reason.utf16
    if data.startswith(b"\xef\xbb\xbf"):
        return Reason.byte_order_mark
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Reason.not_utf8
    return _from_tokens(text)


def _from_tokens(text: str) -> Reason | None:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    if re.search(r"\b(NaN|Infinity)\b", bare) or re.search(r"\d[eE]\+?\d{3,}", bare):
        return Reason.not_finite
    if re.search(r"\d{20,}", bare):
        return Reason.integer_too_large
    return None


def _from_message(message: str) -> Reason:
    for pattern, reason in _BY_MESSAGE:
        if re.search(pattern, message):
            return reason
    return Reason.malformed_json


def _detail(error: Exception) -> str:
    """The decoder's words without values: they may be somebody's name."""
    return re.sub(r"Invalid enum value .*? - at", "Invalid enum value - at", str(error))[:500]
