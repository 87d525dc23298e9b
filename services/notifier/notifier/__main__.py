"""`python -m notifier [api | worker | migrate]`"""

from chassis.main import main
from notifier.app import application

if __name__ == "__main__":
    main(application)
