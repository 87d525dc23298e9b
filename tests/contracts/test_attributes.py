"""How long an envelope may be: CloudEvents' own attributes have a limit, what travels beside them has none."""

import pytest

from contracts.golden import examples
from contracts.kafka import LONGEST_ATTRIBUTE, from_record
from contracts.unreadable import Reason, Unreadable

EXAMPLE = examples()[0]
OURS = ("ce_id", "ce_source", "ce_subject", "ce_correlationid", "ce_causationid", "ce_traceparent")


def read(*more: tuple[str, bytes], wanted: bool = True) -> bool:
    """Whether the example is read as an event with these headers instead of its own."""
    key, value = EXAMPLE.record.key, EXAMPLE.record.value
    headers = dict(EXAMPLE.record.headers) | dict(more)
    return from_record(key, value, list(headers.items()), wanted={EXAMPLE.type} if wanted else ()) is not None


@pytest.mark.parametrize("header", OURS)
def test_what_is_kept_of_an_envelope_is_short_and_without_nul(header: str) -> None:
    assert read((header, b"x" * LONGEST_ATTRIBUTE))
    with pytest.raises(Unreadable) as too_long:
        read((header, b"x" * (LONGEST_ATTRIBUTE + 1)))
    with pytest.raises(Unreadable) as with_nul:
        read((header, b"x\0"))
    assert [too_long.value.reason, with_nul.value.reason] == [Reason.bad_attribute, Reason.nul_character]


@pytest.mark.parametrize("content", [b"x" * 5_000, b"x\0"])
def test_what_is_not_kept_may_be_anything(content: bytes) -> None:
    assert read(("x-of-a-proxy", content), ("ce_dataschema", content))


@pytest.mark.parametrize("header", OURS)
def test_what_nobody_wants_is_passed_over_whatever_its_envelope_says(header: str) -> None:
    assert not read((header, b"x" * 5_000), wanted=False)
