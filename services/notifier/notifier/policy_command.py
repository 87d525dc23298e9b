"""`notifier policy check FILE`: a policy before a service is started with it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.policy_files import PolicyRefused
from notifier.policy_files import read


def main(arguments: Sequence[str]) -> None:
    """Say that the file is a policy, or everything that is wrong with it and exit with 1."""
    parser = argparse.ArgumentParser(prog="notifier policy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say everything that is wrong with a policy file")
    check.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    try:
        policy = read(options.file)
    except PolicyRefused as refused:
        sys.exit(str(refused))
    sys.stdout.write(f"policy {policy.version}: all right\n")
