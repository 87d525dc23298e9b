"""A programme is what its settings say, or the service does not start."""

import pytest
from pydantic import ValidationError

from loyalty.programme import Programme, Tier
from loyalty.settings import LoyaltySettings


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_DATABASE_URL", "postgresql+asyncpg://nobody@nowhere/loyalty")
    monkeypatch.setenv("LINK_KEYS", "test:a-secret-that-is-long-enough-for-tests")


def settings() -> LoyaltySettings:
    return LoyaltySettings()


def test_without_settings_the_programme_is_the_default() -> None:
    assert settings().programme() == Programme()


def test_tiers_are_named_by_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_TIERS", '{"leaf": 0, "tree": 300}')

    assert settings().programme().tiers == (Tier("leaf", 0), Tier("tree", 300))


@pytest.mark.parametrize("tiers", ["{}", '{"leaf": 1}', '{"leaf": 0, "tree": 0}', '{"leaf": 0, "tree": 9, "wood": 8}'])
def test_tiers_that_do_not_rise_from_zero_are_refused(tiers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_TIERS", tiers)
    with pytest.raises(ValidationError):
        settings()
