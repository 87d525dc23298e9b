"""A Kafka with TLS, SASL, client certificates and ACLs: what we document is enough, and what is missing is named.

Runs with KAFKA=apache: the embedded broker knows nothing of all this.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import topics
from chassis.grants import Grant, grants_of
from chassis.migrations import upgrade
from chassis.past import said_since
from chassis.runtime import Runtime
from contracts.notifications import MessageSent
from deploy.local.postgres import Postgres
from deploy.local.secured import MECHANISM, Identity, SecuredKafka, allow, withdraw
from storefront.errors import NotPublished
from storefront.publisher import Publisher
from tests.certificates import Authority
from tests.conftest import LINK_KEYS, migrations_of
from tests.running import Running, running, until
from tests.sources import SERVICES

pytestmark = [pytest.mark.apache, pytest.mark.timeout(240)]

PARTITIONS = 1
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PASSWORDS = {service: f"{service}-and-its-secret" for service in SERVICES}


@dataclass
class House:
    """A secured broker, and everybody's papers."""

    broker: SecuredKafka
    authority: Authority
    postgres: Postgres
    monkeypatch: pytest.MonkeyPatch

    async def runtime(self, service: str, **settings: str) -> Runtime:
        """A service on a database of its own, by name and password where nothing else is said."""
        url = await asyncio.to_thread(self.postgres.database, f"{service}_{id(settings)}")
        await asyncio.to_thread(upgrade, url, migrations_of(service))
        given = {**self.by_password(service), **settings}
        given |= {f"{service.upper()}_DATABASE_URL": url, "LINK_KEYS": LINK_KEYS, "PARTITIONS": str(PARTITIONS)}
        with self.monkeypatch.context() as patch:
            for name, content in {**given, "KAFKA_SESSION_TIMEOUT_MS": "2000"}.items():
                patch.setenv(name, content)
            application = import_module(f"{service}.app").application()
        return Runtime.of(application.service, application.settings)

    def by_password(self, service: str) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.sasl_bootstrap,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_CA_FILE": str(self.authority.certificate),
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_USERNAME": service,
            "KAFKA_PASSWORD": PASSWORDS[service],
        }

    def by_certificate(self, service: str) -> dict[str, str]:
        certificate, key = self.authority.sign(service)
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.tls_bootstrap,
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SASL_MECHANISM": "",
            "KAFKA_USERNAME": "",
            "KAFKA_PASSWORD": "",
            "KAFKA_CLIENT_CERTIFICATE_FILE": str(certificate),
            "KAFKA_CLIENT_KEY_FILE": str(key),
        }


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> AsyncIterator[House]:
    """Every service may do what we document, and nothing else; the topics are there."""
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    certificate, key = authority.sign("broker")
    both = key.with_suffix(".pem")
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    patch = pytest.MonkeyPatch()
    with SecuredKafka(tmp_path_factory.mktemp("kafka"), Identity(both, authority.certificate), PASSWORDS) as broker:
        found = House(broker, authority, postgres, patch)
        await topics.create(broker.bootstrap, PARTITIONS)
        for service in SERVICES:
            await allow(broker.bootstrap, service, grants_of((await found.runtime(service)).service))
        yield found
    patch.undo()


async def say_something(runtime: Runtime) -> None:
    """A row in the outbox, which is empty once Kafka has acknowledged it."""
    async with runtime.transaction() as tx:
        await tx.exec_driver_sql(
            "insert into outbox (topic, partition, key, value, headers) values ($1, 0, 'ada', '{}', '[]')",
            (runtime.service.topic,),
        )


async def is_at_work(service: Running) -> bool:
    empty = "select not exists (select from outbox)"
    async with service.runtime.engine.connect() as tx:
        return service.health.ready and bool((await tx.exec_driver_sql(empty)).scalar_one())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_works_with_exactly_the_rights_that_we_document(house: House, service: str) -> None:
    runtime = await house.runtime(service)
    await say_something(runtime)
    with capture_logs() as logs:
        async with running(runtime) as at_work:
            await until(lambda: is_at_work(at_work))
        await say_for_shops(runtime)
        if runtime.service.looks_back:
            assert await said_since(runtime, MessageSent, NOON) == []
    assert [line for line in logs if line["log_level"] in ("warning", "error")] == []
    await runtime.close()


async def say_for_shops(runtime: Runtime) -> None:
    """What hooks and mails do."""
    settings, also = runtime.settings, runtime.service.also_says
    if not also:
        return
    bootstrap, connection = settings.kafka_bootstrap_servers, settings.connection
    async with Publisher(bootstrap, connection=connection, topics=also, partitions=PARTITIONS) as shop:
        await shop.time_reached(NOON)  # on each of the topics


def every_grant() -> list[tuple[str, Grant]]:
    """By service; composed with settings that lead nowhere."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINK_KEYS", LINK_KEYS)
        for service in SERVICES:
            patch.setenv(f"{service.upper()}_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1/nothing")
            patch.setenv("NOTIFIER_MASTER_KEYS", "test:" + "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0=")
            patch.setenv("NOTIFIER_ADDRESS_KEY", "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=")
            composed = import_module(f"{service}.app").application().service
            found += [(service, grant) for grant in grants_of(composed)]
    return found


@pytest.mark.parametrize(("service", "grant"), every_grant(), ids=lambda part: str(part).replace("  ", ""))
async def test_a_right_that_is_missing_is_named(house: House, service: str, grant: Grant) -> None:
    runtime = await house.runtime(service)
    await withdraw(house.broker.bootstrap, service, grant)
    try:
        await say_something(runtime)
        with capture_logs() as logs:
            async with running(runtime) as at_work:

                async def it_is_named() -> bool:
                    told = [str(value) for line in logs for value in line.values()] + [at_work.health.reason]
                    if any(grant.name in words for words in told):
                        return True
                    if await is_at_work(at_work):  # then it is a right of whoever speaks for shops, or looks back
                        logs.append({"event": await trouble_of(runtime)})
                    return False

                await until(it_is_named)
                assert at_work.health.stuck() is None
    finally:
        await allow(house.broker.bootstrap, service, [grant])
        await runtime.close()


async def trouble_of(runtime: Runtime) -> str:
    """In the words that end up in the log."""
    try:
        await say_for_shops(runtime)
        await said_since(runtime, MessageSent, NOON.replace(year=2020))
    except NotPublished as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 whatever it is, its words are looked at
        return str(error.args)
    return "nothing"


async def test_a_service_is_known_by_its_certificate(house: House) -> None:
    runtime = await house.runtime("loyalty", **house.by_certificate("loyalty"))
    await say_something(runtime)
    async with running(runtime) as at_work:
        await until(lambda: is_at_work(at_work))
    await runtime.close()


@pytest.mark.parametrize("case", ["password", "authority", "no certificate", "foreign certificate", "no TLS there"])
async def test_who_is_not_let_in_is_told_which_setting_to_look_at(house: House, case: str, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    certificate, key = stranger.sign("loyalty")
    cases: Mapping[str, tuple[dict[str, str], str]] = {
        "password": ({"KAFKA_PASSWORD": "guessed"}, "KAFKA_PASSWORD"),
        "authority": ({"KAFKA_CA_FILE": str(stranger.certificate)}, "KAFKA_CA_FILE"),
        "no certificate": (
            house.by_certificate("loyalty") | {"KAFKA_CLIENT_CERTIFICATE_FILE": "", "KAFKA_CLIENT_KEY_FILE": ""},
            "KAFKA_CLIENT_CERTIFICATE_FILE",
        ),
        "foreign certificate": (
            house.by_certificate("loyalty")
            | {"KAFKA_CLIENT_CERTIFICATE_FILE": str(certificate), "KAFKA_CLIENT_KEY_FILE": str(key)},
            "KAFKA_CLIENT_CERTIFICATE_FILE",
        ),
        "no TLS there": ({"KAFKA_BOOTSTRAP_SERVERS": house.broker.bootstrap}, "KAFKA_SECURITY_PROTOCOL"),
    }
    settings, named = cases[case]
    runtime = await house.runtime("loyalty", **settings)
    with capture_logs() as logs:
        async with running(runtime, relay=False) as at_work:

            async def it_is_named() -> bool:
                return named in at_work.health.reason

            await until(it_is_named)
    assert "guessed" not in str(logs)
    await runtime.close()
