"""Files of providers: what they say, and every mistake with its line."""

from pathlib import Path

import pytest

from chassis.policy_files import PolicyRefused
from notifier.provider_files import Apprised, Smtp, read
from notifier.settings import NotifierSettings
from notifier.smtp_security import SmtpSecurity
from tests.conftest import LINK_KEYS

GOOD = """\
version: 2026-11
email:
  main: {host: smtp.example, security: starttls, username: shop, password_from: MAIN_PASSWORD, per_second: 50}
  spare:
    host: spare.example
sms:
  texts:
    url: json://{account}:{key}@sms.example/send/{address}
    secrets: {account: TEXT_ACCOUNT, key: TEXT_KEY}
    per_second: 2.5
"""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", "postgresql+asyncpg://nowhere/nothing")
    monkeypatch.setenv("LINK_KEYS", LINK_KEYS)
    for name, value in (("MAIN_PASSWORD", "s3cret"), ("TEXT_ACCOUNT", "a/b"), ("TEXT_KEY", "k@y:?")):
        monkeypatch.setenv(name, value)


def file_of(folder: Path, text: str) -> Path:
    path = folder / "providers.yaml"
    path.write_text(text)
    return path


def test_providers_stand_in_the_order_in_which_they_are_asked(tmp_path: Path) -> None:
    providers = read(file_of(tmp_path, GOOD))
    assert list(providers.email) == ["main", "spare"]
    main, texts = providers.email["main"], providers.sms["texts"]
    assert (main.password, main.security, main.per_second) == ("s3cret", SmtpSecurity.starttls, 50)
    assert (texts.per_second, texts.at_once) == (2.5, 4)
    assert "s3cret" not in repr(providers)


def test_neither_an_address_nor_a_secret_can_begin_another_part_of_a_url(tmp_path: Path) -> None:
    texts = read(file_of(tmp_path, GOOD)).sms["texts"]
    assert texts.filled("+49151") == "json://a%2Fb:k%40y%3A%3F@sms.example/send/%2B49151"
    assert texts.filled("x/../../admin?to=all#@evil.example") == (
        "json://a%2Fb:k%40y%3A%3F@sms.example/send/x%2F..%2F..%2Fadmin%3Fto%3Dall%23%40evil.example"
    )


@pytest.mark.parametrize(
    ("wrong", "line", "reason"),
    [
        ("version: 1\nemail:\n  main: {host: a, password_from: NOBODY_SET_IT}\n", 3, "NOBODY_SET_IT is not set"),
        ("version: 1\nemail:\n  main:\n    hots: a\n", 4, "is 'host' meant?"),
        ("version: 1\nemail:\n  Main: {host: a}\n", 3, "small letters"),
        ("version: 1\nemail:\n  main: {port: 0}\n", 3, "port"),
        ("version: 1\nsms:\n  a: {per_second: 0, url: 'json://h/{address}'}\n", 3, "a number above 0"),
        ("version: 1\nsms:\n  a: {url: 'json://h/'}\n", 3, "one {address}"),
        ("version: 1\nsms:\n  a: {url: 'json://{address}/x'}\n", 3, "in the path"),
        ("version: 1\nsms:\n  a: {url: 'json://{address}@h/x'}\n", 3, "in the path"),
        ("version: 1\nsms:\n  a: {url: 'json://u:s3cret@h/{address}'}\n", 3, "named, not written"),
        ("version: 1\nsms:\n  a: {url: 'json://h/{key}/{address}'}\n", 3, "do not match: key"),
        ("version: 1\nsms:\n  a: {url: 'json://h/{address}', secrets: {key: TEXT_KEY}}\n", 3, "do not match: key"),
        ("version: 1\npigeon:\n  a: {url: x}\n", 2, "pigeon"),
        ("email:\n  main: {host: a}\n", 1, "version"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path: Path, wrong: str, line: int, reason: str) -> None:
    with pytest.raises(PolicyRefused) as refused:
        read(file_of(tmp_path, wrong))
    assert [problem.line for problem in refused.value.problems] == [line]
    assert reason in refused.value.problems[0].reason


def test_without_a_file_the_mail_server_of_the_settings_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example")
    monkeypatch.setenv("SMTP_CONNECTIONS", "7")
    settings = NotifierSettings()
    (smtp,) = settings.providers().email.values()
    assert isinstance(smtp, Smtp)
    assert (smtp.host, smtp.at_once) == ("mail.example", 7)
    assert settings.policy().reachable == ("email",)


def test_a_file_says_which_channels_reach_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "version: 1\nsms:\n  texts: {url: 'json://h/{address}'}\n"
    monkeypatch.setenv("NOTIFIER_PROVIDERS_FILE", str(file_of(tmp_path, text)))
    settings = NotifierSettings()
    assert settings.policy().reachable == ("email", "sms")
    assert list(settings.providers().email) == ["smtp"]
    assert isinstance(settings.providers().sms["texts"], Apprised)


def test_a_notifier_does_not_start_with_a_wrong_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_PROVIDERS_FILE", str(file_of(tmp_path, "version: 1\nsms: nothing\n")))
    with pytest.raises(ValueError, match=r"providers.yaml:2"):
        NotifierSettings()
