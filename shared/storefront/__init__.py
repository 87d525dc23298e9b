"""The publisher's side: a small SDK for storefront backends, and a simulated shop that uses it.

Owns the way from a fact to an acknowledged record, and everything the simulated shop and its customers do. Must not
know a service, a database or the chassis: a storefront needs this package and `contracts`, nothing else.
"""

from storefront.errors import BrokerAway, NotPublished, TopicMissing, Unsayable, WrongPartitions
from storefront.publisher import Publisher
from storefront.saying import Said

__all__ = ["BrokerAway", "NotPublished", "Publisher", "Said", "TopicMissing", "Unsayable", "WrongPartitions"]
