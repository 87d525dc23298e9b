"""`python -m loyalty [api | worker | migrate]`"""

from chassis.main import main
from loyalty.app import application

if __name__ == "__main__":
    main(application)
