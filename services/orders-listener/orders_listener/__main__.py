"""`orders-listener [api | worker | migrate | parked | redrive | keys | policy | ingest]`, or by `python -m`."""

import sys

from chassis.main import main as run
from orders_listener import backfill_command, policy_command
from orders_listener.app import application


def main() -> None:
    """The service's command line, and what is beside the service."""
    if sys.argv[1:2] == ["policy"]:
        policy_command.main(sys.argv[2:])
    elif sys.argv[1:2] == ["ingest"]:
        backfill_command.main(sys.argv[2:])
    else:
        run(application)


if __name__ == "__main__":
    main()
