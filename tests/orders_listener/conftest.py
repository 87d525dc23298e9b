"""The orders-listener on a database of its own, without Kafka; patient, so that a story's issues are those it tells."""

from collections.abc import Awaitable, Callable

import pytest

from chassis.runtime import Runtime
from orders_listener.app import application
from tests.sources import ROOT


@pytest.fixture
async def runtime(runtime_of: Callable[..., Awaitable[Runtime]], monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setenv("ORDERS_LISTENER_POLICY_FILE", str(ROOT / "tests" / "patient.yaml"))
    return await runtime_of(application)
