"""How long contacts may stay in Kafka: settings of their topic that are short enough, and those that are not."""

import pytest

from chassis.topics import DAY_MS, FORGETTING, forgets, with_contacts
from contracts.storefront import CUSTOMERS


@pytest.mark.parametrize(
    ("changed", "short"),
    [
        ({}, True),
        ({"retention.ms": str(7 * DAY_MS), "segment.ms": str(7 * DAY_MS)}, True),
        ({"retention.ms": str(25 * DAY_MS)}, False),  # and the day of the segment
        ({"segment.ms": str(7 * DAY_MS)}, False),
        ({"retention.ms": "-1"}, False),
        ({"retention.ms": None}, False),
        ({"cleanup.policy": "compact"}, False),
        ({"cleanup.policy": "compact,delete"}, False),
    ],
)
def test_a_topic_forgets_inside_of_25_days_or_is_complained_of(changed: dict[str, str | None], short: bool) -> None:
    assert forgets(FORGETTING | changed) is short


def test_only_one_topic_carries_contacts() -> None:
    assert with_contacts() == {CUSTOMERS}
