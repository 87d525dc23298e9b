"""The orders-listener on a database of its own, without Kafka; patient, so that a story's issues are those it tells."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from chassis.runtime import Runtime
from orders_listener.app import application
from tests.orders_listener.shop import PATIENT


@pytest.fixture
async def runtime(
    runtime_of: Callable[..., Awaitable[Runtime]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Runtime:
    policy = tmp_path / "policy.yaml"
    limits = "".join(f"  {name}: {limit}\n" for name, limit in structs.asdict(PATIENT.limits).items())
    policy.write_text(f"version: patient\nlimits:\n{limits}", encoding="utf-8")
    monkeypatch.setenv("ORDERS_LISTENER_POLICY_FILE", str(policy))
    return await runtime_of(application)


@pytest.fixture
async def client(client_of: Callable[..., Awaitable[httpx.AsyncClient]], runtime: Runtime) -> httpx.AsyncClient:
    return await client_of(runtime)
