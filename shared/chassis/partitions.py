"""Which partition a customer belongs to: murmur2 over the key, as every Kafka client of the Java family does it."""

from aiokafka.partitioner import murmur2


def partition_of(customer_id: str, partitions: int) -> int:
    """The partition of this customer on every topic."""
    return int((murmur2(customer_id.encode()) & 0x7FFFFFFF) % partitions)
