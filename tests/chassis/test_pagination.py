"""Cursors of ours lead on; all others are refused, never a failure of ours."""

import pytest

from chassis.errors import Rejected
from chassis.pagination import decode_cursor, encode_cursor, place_in


def test_a_cursor_leads_back_to_its_row() -> None:
    assert decode_cursor(encode_cursor("2026-01-01", 7)) == ("2026-01-01", 7)
    assert (place_in(encode_cursor(7)), place_in(None)) == (7, 0)


@pytest.mark.parametrize("cursor", ["", "x", "ä", "[1]", "WzEuNV0", "eyJhIjoxfQ", "W1tdXQ"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Rejected, match="cursor"):
        decode_cursor(cursor)


@pytest.mark.parametrize("cursor", [encode_cursor("a"), encode_cursor(), encode_cursor(2**63), encode_cursor(-1)])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Rejected, match="cursor"):
        place_in(cursor)
