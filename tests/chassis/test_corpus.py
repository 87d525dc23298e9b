"""The whole corpus of broken records through the real loop: each is parked whole for its own reason, or accepted."""

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from aiokafka import AIOKafkaProducer
from toy.app import SERVICE

from chassis.parked import headers_from_bytes
from chassis.partitions import partition_of
from chassis.runtime import Runtime
from chassis.service import Inlet
from contracts.catalogue import catalogue
from deploy.local.broker import Broker
from tests.brokers import PARTITIONS
from tests.chassis.malformed.corpus import Raw, Specimen, specimens
from tests.chassis.shop import toy
from tests.conftest import RuntimeOf
from tests.running import rows, running, totals

SAME_ID = "5b0f3a52-2b9e-5a0e-9c47-0d1f6f7b6c11"
"""What most of the specimens are called; each is given a name of its own."""


async def test_each_class_is_parked_whole_with_its_own_reason_or_accepted(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = _all_ears(await toy(runtime_of, kafka))
    corpus = [_named(specimen) for specimen in specimens()]
    places = await _publish(kafka.bootstrap, corpus)
    published = len(corpus) + sum(specimen.before is not None for specimen in corpus)
    async with running(runtime, relay=False) as service:
        await service.consumed(published)  # the conservation law holds here
    found = {(row["topic"], row["partition"], row["offset"]): row for row in await rows(runtime, _PARKED)}
    parked = {places[specimen.name]: specimen for specimen in corpus if _reason(specimen)}
    assert {place: row["reason"] for place, row in found.items()} == {p: _reason(one) for p, one in parked.items()}
    for place, specimen in parked.items():
        row = found[place]
        headers = headers_from_bytes(row["headers"])
        assert _hash(row["key"], row["value"], headers) == _hash(*specimen.record[1:]), specimen.name
    repeated = sum(specimen.name == "repetition" for specimen in corpus)
    fates = Counter(await totals(runtime))
    assert (fates["parked"], fates["duplicate"], fates["ignored"]) == (len(parked), repeated, 0)
    assert len({reason for specimen in corpus if (reason := _reason(specimen))}) >= 36


_PARKED = "select * from parked_events"


def _reason(specimen: Specimen) -> str | None:
    return specimen.expect.get("parked") or specimen.expect.get("worker")


def _hash(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> str:
    return sha256(repr((key, value, headers)).encode()).hexdigest()


def _all_ears(runtime: Runtime) -> Runtime:
    """The toy, listening to every fact of the corpus's topics."""
    topics = ("storefront.orders", "storefront.shipments", "storefront.customers", "orders")
    inlets = tuple(
        Inlet(topic, tuple(entry.fact for entry in catalogue().values() if entry.topic == topic)) for topic in topics
    )
    return replace(runtime, service=replace(SERVICE, consumes=inlets))


def _named(specimen: Specimen) -> Specimen:
    if "parked" in specimen.expect:
        return specimen
    identity = str(uuid5(NAMESPACE_URL, specimen.name)).encode()

    def named(record: Raw) -> Raw:
        headers = [(name, one and one.replace(SAME_ID.encode(), identity)) for name, one in record.headers]
        value = record.value and record.value.replace(SAME_ID.encode(), identity)
        return record._replace(value=value, headers=headers)

    return specimen._replace(record=named(specimen.record), before=specimen.before and named(specimen.before))


async def _publish(bootstrap: str, corpus: list[Specimen]) -> dict[str, tuple[str, int, int]]:
    """Where each record lies. Compressed, so that a broker takes what is too large for us."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", compression_type="gzip", max_request_size=4_194_304
    )
    places = {}
    await producer.start()
    try:
        for specimen in corpus:
            for record in filter(None, (specimen.before, specimen.record)):
                partition = partition_of(record.key or b"", PARTITIONS)
                sent = await producer.send_and_wait(
                    record.topic, record.value, key=record.key, headers=record.headers, partition=partition
                )
                places[specimen.name] = (sent.topic, sent.partition, sent.offset)
    finally:
        await producer.stop()
    return places
