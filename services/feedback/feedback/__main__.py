"""`feedback [api | worker | migrate | parked | redrive]`, or `python -m feedback`."""

from chassis.main import main as run
from feedback.app import application


def main() -> None:
    """The service's command line."""
    run(application)


if __name__ == "__main__":
    main()
