"""`orders-listener policy check FILE`, `policy try FILE --days N`: a policy before a service is started with it."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.policy_files import PolicyRefused
from chassis.runtime import Runtime
from orders_listener.app import service
from orders_listener.policy_files import read
from orders_listener.settings import OrdersListenerSettings
from orders_listener.trial_command import tried

MOST_DAYS = 9_999


def main(arguments: Sequence[str]) -> None:
    """Say that the file is a policy, or everything that is wrong with it and exit with 1."""
    parser = argparse.ArgumentParser(prog="orders-listener policy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say everything that is wrong with a policy file")
    check.add_argument("file", type=Path)
    trial = commands.add_parser("try", help="say what it would have done with the recorded past; nobody is told")
    trial.add_argument("file", type=Path)
    trial.add_argument("--days", type=_days, default=30, help="orders that began so many days ago or later (30)")
    options = parser.parse_args(arguments)
    try:
        policy = read(options.file)
        if options.command == "try":
            sys.stdout.write(asyncio.run(_tried(options.file, options.days)) + "\n")
            return
    except PolicyRefused as refused:
        sys.exit(str(refused))
    sys.stdout.write(f"policy {policy.version}: all right\n")


def _days(text: str) -> int:
    """Raises ArgumentTypeError for what no past has."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MOST_DAYS}")
    return int(text)


async def _tried(path: Path, days: int) -> str:
    settings = OrdersListenerSettings()
    running = settings.policy()
    runtime = Runtime.of(service(running), settings)
    try:
        return await tried(runtime, running, read(path, shop_zone=settings.shop_zone), days=days)
    finally:
        await runtime.close()
