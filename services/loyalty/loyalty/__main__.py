"""`loyalty [api | worker | migrate]`, or `python -m loyalty`."""

from chassis.main import main as run
from loyalty.app import application


def main() -> None:
    """The service's command line."""
    run(application)


if __name__ == "__main__":
    main()
