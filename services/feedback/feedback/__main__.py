"""`python -m feedback [api | worker | migrate | parked | redrive]`."""

from chassis.main import main
from feedback.app import application

if __name__ == "__main__":
    main(application)
