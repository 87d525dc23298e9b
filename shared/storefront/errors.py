"""Why something could not be said, and what to do about it.

NotPublished
├── Unsayable        the fact breaks its contract; nothing was sent
├── BrokerAway       nobody answers at the address
├── TopicMissing     the services have not created the topics yet
└── WrongPartitions  the topics do not have the partitions that were agreed
"""


class NotPublished(Exception):
    """Not acknowledged. Publishing the same again is safe: it carries the same id."""


class Unsayable(NotPublished):
    """No service could read it; the message names the field."""


class BrokerAway(NotPublished):
    """No Kafka broker could be reached."""


class TopicMissing(NotPublished):
    """A storefront topic does not exist."""


class WrongPartitions(NotPublished):
    """Customers would be looked for on other partitions than they are written to."""
