"""Which partition a customer lives on: murmur2 over the key, as every Kafka client does it (Java's default)."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, count: int) -> int:
    """The partition, 0 to `count` - 1, of a record's key."""
    return int((murmur2(key) & 0x7FFFFFFF) % count)
