"""`notifier words check FOLDER`: a shop's own catalogues before a service is started with them."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from notifier.catalogue import WordsRefused
from notifier.shop import Shop
from notifier.words import Words


def main(arguments: Sequence[str]) -> None:
    """Say that the folder's words can be used, or everything that is wrong with them and exit with 1."""
    parser = argparse.ArgumentParser(prog="notifier words", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say everything that is wrong with a folder of catalogues")
    check.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        words = Words(Shop(name="The Shop", address="hello@shop.example", zone=UTC, words=options.folder))
    except WordsRefused as refused:
        sys.exit(str(refused))
    sys.stdout.write(f"words {', '.join(words.locales)}: all right\n")
