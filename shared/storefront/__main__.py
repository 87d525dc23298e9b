"""`python -m storefront`: publish facts from a file, or print a simulated shop."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from storefront.errors import NotPublished
from storefront.lines import UnreadableLines, events_of, line_of
from storefront.publisher import Publisher
from storefront.recorded.export import export
from storefront.simulator import Shop
from tracing import Traces

BATCH = 1_000
"""Events in flight at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 said, 1 not said (the reasons are on standard error)."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "simulate":
            return _simulate(options)
        return asyncio.run(_publish(options))
    except (UnreadableLines, NotPublished, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m storefront", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    publish = commands.add_parser(
        "publish",
        help="say facts from a file of JSON lines",
        description='Publishes lines of the form {"type", "time", "data", "id"?}. Nothing is sent unless every line '
        "can be read. Publishing the same file again says the same again: ids are derived where none is given.",
    )
    publish.add_argument("file", help="the file; - reads standard input")
    publish.add_argument(
        "--bootstrap",
        default=os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:8192"),
        help="host:port of the brokers (KAFKA_BOOTSTRAP_SERVERS; %(default)s)",
    )
    publish.add_argument("--source", default="/storefronts/demo", help="name of the storefront (%(default)s)")
    publish.add_argument(
        "--no-idempotence", action="store_true", help="for the embedded broker, which has no idempotent producer"
    )
    simulate = commands.add_parser("simulate", help="print a simulated shop as JSON lines")
    simulate.add_argument("--seed", type=int, default=7, help="another number, another shop (%(default)s)")
    simulate.add_argument("--weeks", type=int, default=6, help="how long orders come in (%(default)s)")
    simulate.add_argument("--orders-per-day", type=float, default=18, help="on average (%(default)s)")
    simulate.add_argument("--export", type=Path, metavar="DIR", help="write it as recorded orders, in Olist's layout")
    simulate.add_argument("--orders", type=int, default=1_000, help="how many are exported (%(default)s)")
    return parser


def _simulate(options: argparse.Namespace) -> int:
    if options.export:
        number = export(options.seed, options.export, options.orders, options.orders_per_day)
        sys.stdout.write(f"{number} orders in {options.export}\n")
        return 0
    shop = Shop(options.seed, options.weeks, options.orders_per_day)
    try:
        for said in shop.events():
            sys.stdout.buffer.write(line_of(said))
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; nothing may be flushed into the closed pipe at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


async def _publish(options: argparse.Namespace) -> int:
    events = events_of(_lines(options.file), options.source)
    traces, idempotent = Traces.from_environment("storefront"), not options.no_idempotence
    async with Publisher(options.bootstrap, options.source, idempotent=idempotent, traces=traces) as shop:
        for start in range(0, len(events), BATCH):
            await shop.publish_events(events[start : start + BATCH])
    sys.stdout.write(f"{len(events)} published\n")
    return 0


def _lines(file: str) -> Iterable[bytes]:
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return content.splitlines()


if __name__ == "__main__":
    sys.exit(main())
