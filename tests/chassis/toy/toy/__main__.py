"""`python -m toy`: the toy as a process of its own."""

from chassis.main import main
from toy.app import application

if __name__ == "__main__":
    main(application)
