"""Every wrong setting is told at once, by its name and never by its value."""

import pytest
from pydantic import ValidationError
from toy.app import ToySettings

from chassis.environment import settings_problem

SECRET = "hunter2-but-too-short"


def test_all_that_is_wrong_is_told_at_once_and_no_secret_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"LINK_KEYS": f"k:{SECRET}", "PARTITIONS": "none", "SHOP_ZONE": "Mars/Base", "LOG_LEVEL": "LOUD"}
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as found:
        ToySettings()
    told = settings_problem(found.value)
    assert all(f"  {name}: " in told for name in (*wrong, "TOY_DATABASE_URL"))
    assert SECRET not in told


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "::/0", "10.0.0.1, 0.0.0.0/0", "ingress.example", "10.0.0.1/8"])
def test_nobody_is_believed_who_is_not_named(proxies: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", proxies)
    with pytest.raises(ValidationError) as found:
        ToySettings()
    assert "  FORWARDED_ALLOW_IPS: " in settings_problem(found.value)


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_KEYS", "k:" + "s" * 32)
    monkeypatch.setenv("TOY_DATABASE_URL", "postgresql+asyncpg://u:hunter2@h/d")
    shown = repr(ToySettings())
    assert "hunter2" not in shown
    assert "sss" not in shown
