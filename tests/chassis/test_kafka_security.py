"""How Kafka is reached: what does not go together ends the start, all of it at once, by name and never by value."""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.environment import settings_problem
from chassis.kafka_security import KafkaSettings
from tests.certificates import Authority

SASL = {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_USERNAME": "loyalty", "KAFKA_PASSWORD": "hunter2"}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def settings(monkeypatch: pytest.MonkeyPatch, **given: str | Path) -> KafkaSettings:
    for name, content in given.items():
        monkeypatch.setenv(name, str(content))
    return KafkaSettings()


def refused(monkeypatch: pytest.MonkeyPatch, **given: str | Path) -> dict[str, str]:
    """What is said of each variable."""
    with pytest.raises(ValidationError) as found:
        settings(monkeypatch, **given)
    told = settings_problem(found.value)
    assert "hunter2" not in told
    return dict(line.strip().split(": ", 1) for line in told.splitlines()[1:])


def test_in_plain_text_nothing_more_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch).connection == {}
    assert settings(monkeypatch, KAFKA_USERNAME="", KAFKA_CA_FILE="").connection == {}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_name_and_password_are_told_to_every_client(monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    given = SASL | {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": mechanism}
    assert settings(monkeypatch, **given).connection == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "loyalty",
        "sasl_plain_password": "hunter2",
    }


def test_a_broker_has_to_prove_its_name(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    found = settings(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_CA_FILE=authority.certificate, **SASL)
    context = found.connection["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1
    assert "hunter2" not in repr(found)


def test_all_that_sasl_needs_is_missed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = refused(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_BOOTSTRAP_SERVERS="kafka")
    assert found.keys() == {*SASL, "KAFKA_BOOTSTRAP_SERVERS"}


def test_what_would_be_passed_over_is_refused(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    certificate, key = authority.sign("loyalty")
    files = {"KAFKA_CLIENT_CERTIFICATE_FILE": certificate, "KAFKA_CLIENT_KEY_FILE": key}
    files["KAFKA_CA_FILE"] = authority.certificate
    assert refused(monkeypatch, **SASL, **files).keys() == {*SASL, *files}
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SSL")
    assert refused(monkeypatch).keys() == set(SASL)


def test_certificate_and_key_go_together(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    certificate, key = authority.sign("loyalty")
    _, other = authority.sign("notifier")
    _, locked = authority.sign("locked", b"open sesame")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SSL")
    both = {"KAFKA_CLIENT_CERTIFICATE_FILE": certificate, "KAFKA_CLIENT_KEY_FILE": key}
    assert "go together" in refused(monkeypatch, KAFKA_CLIENT_CERTIFICATE_FILE=certificate)["KAFKA_CLIENT_KEY_FILE"]
    assert "not the key" in refused(monkeypatch, KAFKA_CLIENT_KEY_FILE=other)["KAFKA_CLIENT_KEY_FILE"]
    assert "passphrase" in refused(monkeypatch, KAFKA_CLIENT_KEY_FILE=locked)["KAFKA_CLIENT_KEY_FILE"]
    assert settings(monkeypatch, **both).connection["ssl_context"]


def test_files_that_are_not_what_they_should_be_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello")
    wrong = {"KAFKA_CA_FILE": text, "KAFKA_CLIENT_CERTIFICATE_FILE": text, "KAFKA_CLIENT_KEY_FILE": tmp_path / "away"}
    found = refused(monkeypatch, KAFKA_SECURITY_PROTOCOL="SSL", **wrong)
    assert {name: words.split(":")[0] for name, words in found.items()} == {
        "KAFKA_CA_FILE": "the file has no certificates in PEM",
        "KAFKA_CLIENT_CERTIFICATE_FILE": "the file has no certificate in PEM",
        "KAFKA_CLIENT_KEY_FILE": "the file cannot be read",
    }
