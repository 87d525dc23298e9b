"""Which partition a customer belongs to: murmur2 over the key, as every Kafka client of the Java family does it."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=16_384)  # the hash is plain Python, and customers come back
def partition_of(customer_id: str | bytes, partitions: int) -> int:
    """The partition of this customer (or of a record's key) on every topic."""
    key = customer_id.encode() if isinstance(customer_id, str) else customer_id
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
