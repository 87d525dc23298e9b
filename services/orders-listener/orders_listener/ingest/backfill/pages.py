"""Saved pages of Shopify's REST Admin API (`GET /orders.json?status=any`): one JSON document, or one on each line.

A document is a page `{"orders": […]}`, a list of orders, or one order.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from orders_listener.ingest.backfill.records import Mistake, Record
from orders_listener.ingest.shopify.bodies import Order


class Page(Struct):
    """A page, or something else that has no orders."""

    orders: list[Raw] | None = None
    order: Raw = Raw(b"null")


def records_of(lines: Iterable[bytes]) -> Iterator[Record | Mistake]:
    """Every order of the file, the documents one by one; what is none as `Mistake`."""
    for place, document in _documents(lines):
        try:
            orders = _orders(document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Mistake(place, f"no JSON with orders ({error})")
            continue
        for number, content in enumerate(orders, start=1):
            yield _record(f"{place}, order {number}", content)


def _documents(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Each line, where the first is a document by itself; otherwise the file is one."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), b"")
    if not _is_document(first):
        yield "file", first + b"".join(rest)
        return
    yield "line 1", first
    yield from ((f"line {number}", line) for number, line in enumerate(rest, start=2) if line.strip())


def _is_document(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _orders(document: bytes) -> list[Raw]:
    if document.lstrip()[:1] == b"[":
        return [order for each in msgspec.json.decode(document, type=list[Raw]) for order in _orders_in(each)]
    return _orders_in(document)


def _orders_in(content: bytes | Raw) -> list[Raw]:
    page = msgspec.json.decode(content, type=Page)
    if page.orders is not None:
        return page.orders
    return [Raw(bytes(content)) if bytes(page.order) == b"null" else page.order]


def _record(place: str, content: Raw) -> Record | Mistake:
    try:
        return Record(place, msgspec.json.decode(content, type=Order))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Mistake(place, str(error))
