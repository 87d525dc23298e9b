"""Real parts for every test: an embedded PostgreSQL with migrated databases, services on them, HTTP clients."""

import asyncio
import importlib
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from chassis import api_keys
from chassis.access import Right, scope_of
from chassis.api_keys import Key
from chassis.application import Application
from chassis.migrations import upgrade
from chassis.runtime import Runtime
from chassis.web import create_app
from deploy.local.postgres import Postgres
from tests import browser

LINK_KEYS = "test:a-secret-that-is-long-enough-for-tests"
PERSONAL_KEYS = {
    "NOTIFIER_MASTER_KEYS": f"test:{b64encode(b'm' * 32).decode()}",
    "NOTIFIER_ADDRESS_KEY": b64encode(b"a" * 32).decode(),
}

DatabaseOf = Callable[[str], Awaitable[str]]
RuntimeOf = Callable[..., Awaitable[Runtime]]
ClientOf = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole run."""
    with Postgres(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def database_of(postgres: Postgres) -> DatabaseOf:
    """A fresh, migrated database of a service (by its package's name), copied from one that was migrated once."""
    templates: set[str] = set()
    numbers = count(1)

    def copy(package: str) -> str:
        template = f"{package}_template"
        if package not in templates:
            url = postgres.database(template)
            upgrade(url, migrations_of(package))
            templates.add(package)
        return postgres.database(f"{package}_{next(numbers)}", template=template)

    async def fresh(package: str) -> str:
        return await asyncio.to_thread(copy, package)

    return fresh


def migrations_of(package: str) -> Path:
    """The folder with a service's migrations."""
    return Path(str(importlib.import_module(package).__file__)).parents[1] / "migrations"


@pytest.fixture
async def runtime_of(
    postgres: Postgres, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RuntimeOf]:
    """A service's runtime on a fresh database, without Kafka: `await runtime_of(application, SETTING="value")`.

    The database is gone afterwards: hundreds of them would be written to the disk in the middle of other tests.
    """
    runtimes: list[Runtime] = []

    async def make(application: Callable[[], Application], **environment: str) -> Runtime:
        package = application.__module__.partition(".")[0]
        monkeypatch.setenv(f"{package.upper()}_DATABASE_URL", await database_of(package))
        monkeypatch.setenv("LINK_KEYS", LINK_KEYS)
        # the embedded broker may keep a group waiting for a member that left while others joined
        monkeypatch.setenv(f"{package.upper()}_CONSUMER_GROUP", f"{package}-{uuid4()}")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        composed = application()
        runtime = Runtime.of(composed.service, composed.settings)
        runtime_applications[id(runtime)] = composed
        runtimes.append(runtime)
        return runtime

    yield make
    for runtime in runtimes:
        del runtime_applications[id(runtime)]
        await runtime.close()
        await asyncio.to_thread(postgres.drop, str(runtime.engine.url.database))


runtime_applications: dict[int, Application] = {}


@pytest.fixture
async def client_of() -> AsyncIterator[ClientOf]:
    """An HTTP client on a runtime's app: `await client_of(runtime)` may do everything, `keyed=False` has no key."""
    clients: list[httpx.AsyncClient] = []

    async def make(runtime: Runtime, *, keyed: bool = True) -> httpx.AsyncClient:
        app = create_app(runtime_applications[id(runtime)], runtime)
        headers = bearer(await key_of(runtime)) if keyed else {}
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers)
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(runtime: Runtime, client_of: ClientOf) -> httpx.AsyncClient:
    """An HTTP client that may do everything at the `runtime` of the test's module."""
    return await client_of(runtime)


async def key_of(runtime: Runtime, *rights: Right, days: int = 1) -> Key:
    """A new key of a service; with all rights if none is named."""
    key, service = Key.new(), runtime.service.name
    async with runtime.transaction() as tx:
        await api_keys.keep(
            tx, key, name="tests", scopes=[scope_of(service, right) for right in rights or Right], days=days
        )
    return key


def bearer(key: Key) -> dict[str, str]:
    """The header that shows a key."""
    return {"Authorization": f"Bearer {key.written()}"}


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """What a developer has exported must not decide a test."""
    for name in list(os.environ):
        if name.endswith("_DATABASE_URL") or name in ("CLOCK", "PARTITIONS", "HTTP_PORT"):
            del os.environ[name]
    os.environ.update(PERSONAL_KEYS | {"HTTP_CLIENT_PER_S": "100000", "HTTP_ADDRESS_PER_S": "100000"})


pytest_plugins = ["tests.brokers"]

collect_ignore_glob = [] if browser.PROGRAM else ["*_in_a_browser.py"]
"""Pages are looked at in a browser where there is one; what can be said of them without one is tested everywhere."""
