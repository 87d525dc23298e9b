"""The traffic of a run: stories, repetitions, reused ids and unreadable records, in the order in which they are said.

Pure and seeded. Owns the mixture; what is unreadable comes from the corpus, what happens from the stories.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from chassis.partitions import partition_of
from tests.chaos.records import PARTITIONS, TOPICS, Raw, Said, raw, time_reached
from tests.chaos.stories import AFTERWARDS, Stories
from tests.chassis.malformed import corpus
from tests.chassis.malformed.corpus import Specimen

RECORDS_PER_ORDER = 9.53
"""With everything that is mixed in; only so that about as many records come out as were asked for."""
REPEATED_SHARE = 0.20
REUSED_SHARE = 0.005
UNREADABLE_SHARE = 0.01
NEAR = 50
"""Half of the repetitions come within so many records, the others at any time."""
CHUNK_RECORDS = 250
WITHOUT_TYPE = (
    "missing_value", "missing_attribute", "batched_events", "unsupported_content_type", "bad_header", "null_header",
    "empty_value", "structured_truncated", "structured_without_data", "data_twice", "bad_base64", "unknown_type",
    "unsupported_spec_version",
)  # fmt: skip
"""Classes that are parked on every topic, because they are found out before the type is looked at."""
RARE = ("value_too_large", "too_deep", "too_many_lines", "integer_too_long")
"""Big records: a few of each are enough."""
RARE_EACH = 2
ELSEWHERE = ("storefront.customers", "feedback")


class Chunk(NamedTuple):
    """What is said before time has reached a moment, on every partition."""

    records: Sequence[Raw]
    reached_at: datetime

    def markers(self) -> Iterator[Raw]:
        """The words that time has come so far."""
        for topic in TOPICS:
            for partition in range(PARTITIONS):
                yield time_reached(topic, partition, self.reached_at)


def chunks(seed: int, events: int) -> list[Chunk]:
    """About `events` records of traffic, in chunks; the last one ends the time."""
    dice = Random(f"traffic {seed}")
    stories = Stories(seed, max(1, round(events / RECORDS_PER_ORDER)))
    lines = _with_reused(dice, stories, stories.told())
    stream = _with_unreadable(dice, _with_repetitions(dice, lines))
    return list(_cut(stream, lines[-1].at + AFTERWARDS))


def _with_reused(dice: Random, stories: Stories, told: list[Said]) -> list[Said]:
    """Some ids that come a second time, for something else."""
    reused = []
    for said in told:
        if said.topic == "storefront.orders" and dice.random() < 2 * REUSED_SHARE:
            at = stories.unused(said.at + timedelta(hours=dice.uniform(0.1, 300)))
            reused.append(stories.refund_that_never_was(said, at))
    return sorted(told + reused)


Placed = tuple[datetime | None, Raw]
"""A record, and the moment it brings when it is said for the first time."""


def _with_repetitions(dice: Random, lines: list[Said]) -> list[Placed]:
    """Each line once, in their order, and between them some again."""
    share = REPEATED_SHARE / (1 - REPEATED_SHARE)
    again: dict[int, list[int]] = {}
    for number in range(len(lines)):
        if dice.random() < share:
            furthest = min(len(lines) - 1, number + NEAR) if dice.random() < 0.5 else len(lines) - 1
            again.setdefault(dice.randint(number, furthest), []).append(number)
    stream: list[Placed] = []
    for number, said in enumerate(lines):
        stream.append((said.at, raw(said)))
        stream += [(None, raw(lines[other])) for other in again.get(number, ())]
    return stream


def _with_unreadable(dice: Random, stream: list[Placed]) -> list[Placed]:
    """The corpus again and again, so that every class is there."""
    broken = list(_unreadable(dice, round(len(stream) * UNREADABLE_SHARE)))
    places = sorted(dice.randrange(len(stream)) for _ in broken)
    mixed: list[Placed] = []
    taken = 0
    for number, placed in enumerate(stream):
        while taken < len(places) and places[taken] <= number:
            mixed.append((None, broken[taken]))
            taken += 1
        mixed.append(placed)
    return mixed + [(None, record) for record in broken[taken:]]


def _unreadable(dice: Random, number: int) -> list[Raw]:
    specimens = corpus.specimens("parked")
    common = [one for one in specimens if one.name not in RARE]
    records = [_broken(dice, one, one.record.topic) for one in specimens if one.name in RARE for _ in range(RARE_EACH)]
    while len(records) < max(number, len(specimens)):
        records += [_broken(dice, one, one.record.topic) for one in common]
        everywhere = [one for one in common if one.name in WITHOUT_TYPE]
        records += [_broken(dice, one, topic) for one in everywhere for topic in ELSEWHERE]
    dice.shuffle(records)
    return records


def _broken(dice: Random, specimen: Specimen, topic: str) -> Raw:
    key, value, headers = specimen.record.key, specimen.record.value, specimen.record.headers
    partition = dice.randrange(PARTITIONS) if key is None else partition_of(key, PARTITIONS)
    return Raw(topic, partition, key, value, tuple(headers))


def _cut(stream: list[Placed], end: datetime) -> Iterator[Chunk]:
    """Into chunks; each one's time is that of the next line which is said for the first time."""
    moments, next_at = [], end
    for at, _ in reversed(stream):
        moments.append(next_at)
        next_at = at or next_at
    moments.reverse()
    for start in range(0, len(stream), CHUNK_RECORDS):
        part = stream[start : start + CHUNK_RECORDS]
        yield Chunk([record for _, record in part], moments[start + len(part) - 1])
