"""Pages of a list, followed by an opaque cursor: where the last row stood, never an offset."""

import base64
import binascii
from typing import Generic, TypeVar

import msgspec
from pydantic import BaseModel, Field

from chassis.errors import Rejected

T = TypeVar("T")

PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 200
LARGEST_NUMBER = 2**63 - 1


class Page(BaseModel, Generic[T]):
    """One page. `next_cursor` is missing on the last one."""

    data: list[T]
    next_cursor: str | None = Field(default=None, description="Give this as `cursor` to get the next page")


def encode_cursor(*parts: str | int) -> str:
    """An opaque cursor for a row whose place in the order is `parts`."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> tuple[str | int, ...] | None:
    """The place a cursor stands for; `Rejected` (bad_cursor) for one that we did not make."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=tuple[str | int, ...])
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.") from error


def place_in(cursor: str | None) -> int:
    """For lists in the order of a number: the number to go on after, 0 at the beginning."""
    place = decode_cursor(cursor)
    match place:
        case None:
            return 0
        case (int(number),) if 0 <= number <= LARGEST_NUMBER:
            return number
        case _:
            raise Rejected("bad_cursor", "The cursor is of another list; start again without it.")
