"""The three kinds of errors that rules and routes raise.

Rejected            the item cannot be applied: over HTTP a 422; in a batch the event is parked, and the customer
│                   blocked unless later events cannot depend on it (`blocks=False`)
├── NotFound        over HTTP a 404
└── Conflict        over HTTP a 409
"""


class Rejected(Exception):
    """What was asked cannot be done. `code` is stable and for machines, the message is for people.

    `blocks=False`: the event is parked, but later events of the customer go on (they cannot depend on it).
    """

    def __init__(self, code: str, message: str, *, blocks: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.blocks = blocks


class NotFound(Rejected):
    """There is no such thing."""


class Conflict(Rejected):
    """It contradicts what is already there."""
