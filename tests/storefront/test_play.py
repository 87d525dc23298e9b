"""A play says everything once, in chunks, and time only after what was before it."""

from datetime import UTC, datetime, timedelta

from contracts.kafka import from_record
from contracts.storefront import CustomerErased
from deploy.local.broker import Broker
from storefront import Publisher, Said
from storefront.play import QUIET_TAIL, chunks, play
from storefront.simulator import Shop
from tests.storefront.topics import PARTITIONS, create_topics, records_of

STEP = timedelta(hours=6)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _said(hours: float) -> Said:
    at = NOON + timedelta(hours=hours)
    return Said(CustomerErased(customer_id="ada", occurred_at=at), at)


def test_a_chunk_holds_what_was_said_before_its_boundary() -> None:
    said = [_said(0), _said(5.9), _said(6), _said(30)]
    cut = [(len(facts), boundary) for facts, boundary in chunks(said, STEP, tail=STEP)]

    assert cut == [
        (2, NOON + STEP),
        (1, NOON + 2 * STEP),
        (0, NOON + 3 * STEP),
        (0, NOON + 4 * STEP),
        (0, NOON + 5 * STEP),
        (1, NOON + 6 * STEP),
        (0, NOON + 7 * STEP),
    ]


def test_an_empty_shop_plays_nothing() -> None:
    assert list(chunks([], STEP)) == []


def test_every_fact_is_in_one_chunk_and_the_tail_is_quiet() -> None:
    events = list(Shop(7, weeks=1).events())
    cut = list(chunks(events, STEP))

    assert [said for chunk in cut for said in chunk.facts] == events
    assert all(said.said_at < chunk.boundary for chunk in cut for said in chunk.facts)
    assert cut[-1].boundary - events[-1].said_at >= QUIET_TAIL


async def test_a_small_shop_is_played_whole(kafka: Broker) -> None:
    await create_topics(kafka.bootstrap)
    shop = Shop(7, weeks=1, orders_per_day=2)
    reached: list[datetime] = []
    paced: list[datetime] = []

    async def pace(boundary: datetime) -> None:
        assert reached[-1] == boundary
        paced.append(boundary)

    async with Publisher(kafka.bootstrap, idempotent=kafka.idempotent_producer) as publisher:
        count = await play(shop, publisher, step=timedelta(days=1), progress=reached.append, pace=pace)

    assert count == len(list(shop.events()))
    assert paced == reached == sorted(set(reached))
    await _every_fact_comes_before_its_time(kafka, count + 3 * PARTITIONS * len(reached))


async def _every_fact_comes_before_its_time(kafka: Broker, count: int) -> None:
    time: dict[tuple[str, int], datetime] = {}
    for record in await records_of(kafka.bootstrap, count):
        place = record.topic, record.partition
        if record.key is None:
            event = from_record(None, record.value, record.headers, wanted={"rapport.time-reached.v1"})
            assert event is not None
            time[place] = event.data.at
        else:
            said_at = datetime.fromisoformat(dict(record.headers)["ce_time"].decode())
            assert said_at >= time.get(place, said_at)
