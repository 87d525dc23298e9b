"""`orders-listener ingest backfill FILE --shop DOMAIN`: a Shopify shop's past, replayed without telling anybody."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from chassis.settings import ServiceSettings
from contracts.storefront import OrderPlaced
from orders_listener.ingest.backfill import export, pages
from orders_listener.ingest.backfill.records import Import, Mistake, Record, events_of, mistakes_in
from orders_listener.settings import OrdersListenerSettings
from storefront.errors import NotPublished
from storefront.publisher import Publisher

EXPORT, PAGES = "export", "pages"
AT_ONCE = 200
"""Orders whose facts are in flight together."""
EVERY = 2_000
"""Orders between two lines of progress."""
MOST_MISTAKES = 50
"""More are counted and not shown."""


def main(arguments: Sequence[str]) -> None:
    """Says everything of the file, or everything that is wrong with it and exits with 1."""
    parser = argparse.ArgumentParser(prog="orders-listener ingest", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    backfill = commands.add_parser("backfill", help="say a shop's past orders, and nobody is told of them")
    backfill.add_argument("file", type=Path, help="the admin's order export, or saved pages of GET /orders.json")
    backfill.add_argument("--shop", required=True, help="its domain, as hooks name it: berlin.myshopify.com")
    backfill.add_argument("--format", choices=(EXPORT, PAGES), help="by the file's name: .csv is an export")
    backfill.add_argument("--customers", type=Path, help="the admin's customer export: who is who in an order export")
    backfill.add_argument(
        "--arrives-after", type=int, default=14, metavar="DAYS",
        help="a parcel nobody spoke of counts as delivered so long after it left (%(default)s); 0: never",
    )  # fmt: skip
    backfill.add_argument("--skip-mistakes", action="store_true", help="say the rest, when something cannot be read")
    backfill.add_argument("--dry-run", action="store_true", help="read everything, say nothing")
    options = parser.parse_args(arguments)
    try:
        sys.exit(asyncio.run(_backfill(options)))
    except (export.NotAnExport, NotPublished, OSError, UnicodeDecodeError) as error:
        sys.exit(f"{error}\nWhat was said already counts once: run the same again.")


async def _backfill(options: argparse.Namespace) -> int:
    days = options.arrives_after
    run = Import(
        source=f"/shopify/{options.shop}",
        at=datetime.now(UTC).replace(microsecond=0),
        arrives_after=timedelta(days=days) if days > 0 else None,
    )
    if _mistaken(options, run) and not options.skip_mistakes:
        sys.stderr.write("Nothing was said. Mend the file, or pass over these with --skip-mistakes.\n")
        return 1
    counts = _counted(options, run) if options.dry_run else await _said(options, run, OrdersListenerSettings())
    sys.stdout.write("".join(f"{number:>9,} {name}\n" for name, number in counts.items()))
    sys.stdout.write("nothing was said (dry run)\n" if options.dry_run else "said; nobody is told of it\n")
    return 0


def _mistaken(options: argparse.Namespace, run: Import) -> int:
    """How many; the first are shown."""
    count = 0
    for count, mistake in enumerate(mistakes_in(_records(options), run), start=1):
        if count <= MOST_MISTAKES:
            sys.stderr.write(f"{mistake}\n")
    if count > MOST_MISTAKES:
        sys.stderr.write(f"… and {count - MOST_MISTAKES:,} more\n")
    return count


def _counted(options: argparse.Namespace, run: Import) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for record in _records(options):
        found = [] if isinstance(record, Mistake) else events_of(record, run)
        counts.update([] if isinstance(found, Mistake) else [type(event.data).__name__ for event in found])
    return counts


async def _said(options: argparse.Namespace, run: Import, settings: ServiceSettings) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    records, read = _records(options), 0
    async with Publisher(
        settings.kafka_bootstrap_servers,
        run.source,
        idempotent=settings.kafka_idempotent_producer,
        partitions=settings.partitions,
        connection=settings.connection,
    ) as publisher:
        while batch := list(islice(records, AT_ONCE)):
            found = [events_of(record, run) for record in batch if isinstance(record, Record)]
            events = [event for each in found if not isinstance(each, Mistake) for event in each]
            await publisher.publish_events(events)
            counts.update(type(event.data).__name__ for event in events)
            read += len(batch)
            if read % EVERY < AT_ONCE:
                sys.stderr.write(f"{read:,} read, {counts[OrderPlaced.__name__]:,} orders said\n")
    return counts


def _records(options: argparse.Namespace) -> Iterator[Record | Mistake]:
    path: Path = options.file
    form = options.format or (EXPORT if path.suffix.casefold() == ".csv" else PAGES)
    if form == PAGES:
        with path.open("rb") as lines:
            yield from pages.records_of(lines)
        return
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from export.records_of(lines, _customers(options.customers))


def _customers(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return export.customers_of(lines)
