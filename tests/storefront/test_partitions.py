"""A customer lives on the same partition for every client, in whatever language."""

import pytest
from aiokafka.partitioner import murmur2

from storefront.partitions import partition_of

JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""From Apache Kafka's own tests of `Utils.murmur2` (UtilsTest)."""


@pytest.mark.parametrize(("key", "expected"), JAVA.items())
def test_the_hash_is_java_s(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected % 2**32


@pytest.mark.parametrize("key", JAVA)
def test_the_partition_is_java_s_default(key: bytes) -> None:
    assert partition_of(key, 12) == (JAVA[key] & 0x7FFFFFFF) % 12
