"""`python -m orders_listener [api | worker | migrate]`"""

from chassis.main import main
from orders_listener.app import application

if __name__ == "__main__":
    main(application)
