"""Loyalty on a database of its own."""

from collections.abc import Awaitable, Callable

import pytest

from chassis.runtime import Runtime
from loyalty.app import application


@pytest.fixture
async def runtime(runtime_of: Callable[..., Awaitable[Runtime]]) -> Runtime:
    return await runtime_of(application)
