"""The service on a real database, with time as its publishers say it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest
from sqlalchemy import text

from chassis.partitions import partition_of
from chassis.runtime import Runtime
from feedback.app import application
from tests.conftest import RuntimeOf
from tests.feedback.shop import ADA

TimeIs = Callable[[datetime], Awaitable[None]]


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(application, CLOCK="simulated", FEEDBACK_SHOP_NAME="Tea & <Toast>")


@pytest.fixture
def time_is(runtime: Runtime) -> TimeIs:
    """Everything of Ada's partition has been folded up to this moment."""

    async def settle(moment: datetime) -> None:
        async with runtime.transaction() as tx:
            await tx.execute(
                text("""
                    insert into positions (topic, partition, next_offset, settled_at) values ('orders', :p, 0, :at)
                    on conflict (partition, topic) do update set settled_at = excluded.settled_at
                """),
                {"p": partition_of(ADA, runtime.settings.partitions), "at": moment},
            )

    return settle


def link(runtime: Runtime, invitation_id: str, *, expires_at: datetime, purpose: str = "survey") -> str:
    """The way to the page, as the notifier writes it into a message."""
    token = runtime.links.mint(purpose=purpose, subject=invitation_id, customer_id=ADA, expires_at=expires_at)
    return f"/s/{token}"
