"""The orders-listener on a database of its own, without Kafka."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from chassis.runtime import Runtime
from orders_listener.app import application


@pytest.fixture
async def runtime(runtime_of: Callable[..., Awaitable[Runtime]]) -> Runtime:
    return await runtime_of(application)


@pytest.fixture
async def client(client_of: Callable[..., Awaitable[httpx.AsyncClient]], runtime: Runtime) -> httpx.AsyncClient:
    return await client_of(runtime)
