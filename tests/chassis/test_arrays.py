"""What goes to PostgreSQL as the literal of an array comes back as it was."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text

from chassis.arrays import array
from deploy.local.broker import Broker
from tests.chassis.shop import toy
from tests.conftest import RuntimeOf

AWKWARD = ['"', "\\", '\\"', "", " ", "NULL", "null", "{a,b}", ",", "é", "日本", "🎁", "a\tb\nc", "'; drop"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", AWKWARD),
        ("text", [*AWKWARD, None]),
        ("text", [None, "a"]),
        ("text", []),
        ("bigint", [0, -1, 2**63 - 1, -(2**63)]),
        ("bigint", [1, None]),
        ("timestamptz", [datetime(2026, 3, 2, 8, 0, 0, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)]),
        ("timestamptz", [None, datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=-3)))]),
    ],
)
async def test_every_value_comes_back(runtime_of: RuntimeOf, kafka: Broker, kind: str, values: list[Any]) -> None:
    runtime = await toy(runtime_of, kafka)
    async with runtime.transaction() as tx:
        found = await tx.scalar(text(f"select cast(:given as text)::{kind}[]"), {"given": array(values)})
    assert found == values


def test_a_text_that_cannot_be_held_is_refused_and_shifts_nothing() -> None:
    with pytest.raises(ValueError, match=r"U\+0000"):
        array(["a\0b", "c"])
    with pytest.raises(ValueError, match=r"U\+0000"):
        array([None, "a\0b"])
