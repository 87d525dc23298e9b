"""`notifier [api | worker | migrate | parked | redrive | keys | policy | master-keys | words]`, or by `python -m`."""

import sys

from chassis.main import main as run
from notifier import key_command, policy_command, words_command
from notifier.app import application


def main() -> None:
    """The service's command line, and what is beside the service."""
    if sys.argv[1:2] == ["policy"]:
        policy_command.main(sys.argv[2:])
    elif sys.argv[1:2] == ["master-keys"]:
        key_command.main(sys.argv[2:])
    elif sys.argv[1:2] == ["words"]:
        words_command.main(sys.argv[2:])
    else:
        run(application)


if __name__ == "__main__":
    main()
