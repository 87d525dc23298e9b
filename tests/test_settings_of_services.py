"""Each service as it is started with wrong settings: all of them named at once, and no secret shown."""

import os
import subprocess
import sys

import pytest

from tests.sources import SERVICES

PASSWORD = "hunter2"
URLS = {
    "unescaped": f"postgresql+asyncpg://shop:{PASSWORD}@word@db/shop",
    "driver": f"postgresql://shop:{PASSWORD}@db/shop",
    "no name": f"postgresql+asyncpg://shop:{PASSWORD}@db",
    "port": f"postgresql+asyncpg://shop:{PASSWORD}@db:port/shop",
    "no address": PASSWORD,
}


def started(service: str, **settings: str) -> tuple[int, str]:
    """Exit code, and everything that it said."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("KAFKA_", "NOTIFIER_"))}
    done = subprocess.run(  # noqa: S603 a service of ours
        [sys.executable, "-m", service, "worker"], env=environment | settings, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_everything_that_is_wrong_is_told_at_once_without_a_secret(service: str) -> None:
    wrong = {
        f"{service.upper()}_DATABASE_URL": URLS["unescaped"],
        "LINK_KEYS": f"k:{PASSWORD}",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_PASSWORD": PASSWORD,
        "KAFKA_CA_FILE": "missing.pem",
        "KAFKA_BOOTSTRAP_SERVERS": PASSWORD,
        "PARTITIONS": PASSWORD,
        "HTTP_PORT": "99999",
    }
    code, said = started(service, **wrong)
    named = wrong.keys() - {"KAFKA_SECURITY_PROTOCOL", "KAFKA_PASSWORD"} | {"KAFKA_SASL_MECHANISM", "KAFKA_USERNAME"}
    named |= {"NOTIFIER_MASTER_KEYS", "NOTIFIER_ADDRESS_KEY"} if service == "notifier" else set()
    told = {line.strip().partition(":")[0] for line in said.splitlines() if line.startswith("  ")}
    assert (code, told) == (1, named), said
    assert PASSWORD not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_a_wrong_address_of_the_database_is_named_and_not_shown(url: str) -> None:
    code, said = started("loyalty", LOYALTY_DATABASE_URL=url, LINK_KEYS="k:" + "s" * 32)
    assert (code, PASSWORD in said, "Traceback" in said) == (1, False, False), said
    assert said.startswith("These settings are missing or wrong:\n  LOYALTY_DATABASE_URL: ")
