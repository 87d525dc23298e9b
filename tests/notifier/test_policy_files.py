"""A shop's manners in a file: what it says holds, and a wrong one says all that is wrong with it."""

import sys
from datetime import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from pydantic import ValidationError
from sqlalchemy import text

from chassis.policy_files import PolicyRefused, fields_of
from notifier.__main__ import main
from notifier.app import application
from notifier.kinds import Concern
from notifier.policy import DEFAULT, Cap, Policy
from notifier.policy_files import NOT_OF_THE_FILE, read
from notifier.settings import NotifierSettings
from tests.conftest import ClientOf, RuntimeOf
from tests.notifier.correspondent import confirmed, hour, known
from tests.sources import ROOT

README = ROOT / "services" / "notifier" / "README.md"
RIGHT = """
version: 2026-11
country: NO
quiet_hours:
  begins: 20:00
  marketing: {begins: 18:00, closed: [sunday]}
countries:
  NO: {ends: 09:30}
"""


def file_of(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_the_file_says_holds_and_everything_else_as_before(tmp_path: Path) -> None:
    policy = read(file_of(tmp_path, RIGHT))
    assert (policy.version, policy.country) == ("2026-11", "NO")  # Norway, not a no
    quiet = policy.quiet("NO", Concern.marketing)
    assert (quiet.begins, quiet.ends, quiet.closed) == (time(18), time(9, 30), ("sunday",))
    assert policy.quiet("DE", Concern.issue).ends == DEFAULT.quiet("DE", Concern.issue).ends


def test_a_cap_is_laid_over_the_usual_ones(tmp_path: Path) -> None:
    text = "version: 1\ncaps:\n  loyalty: {day: 4}\nbudget: {week: 20}\ntiers: [gold, emerald]\n"
    policy = read(file_of(tmp_path, text))
    assert policy.caps.loyalty == Cap(day=4, week=DEFAULT.caps.loyalty.week)
    assert policy.caps.survey == DEFAULT.caps.survey
    assert (policy.budget.week, policy.budget.day) == (20, DEFAULT.budget.day)
    assert policy.tiers == ("gold", "emerald")


def test_the_readme_shows_a_policy_that_says_what_holds_anyway(tmp_path: Path) -> None:
    page = README.read_text(encoding="utf-8")
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    policy = read(file_of(tmp_path, shown))
    assert [name for name in fields_of(Policy) if f"{name}:" not in page and name not in NOT_OF_THE_FILE] == []
    assert replace(policy, version="1", quiet_hours=DEFAULT.quiet_hours, countries={}) == DEFAULT
    for country in (None, "FR", "US", "DE"):
        for concern in Concern:
            assert policy.quiet(country, concern) == DEFAULT.quiet(country, concern)


WRONG: dict[str, tuple[str, list[str]]] = {
    "nothing at all": ("", ["1: the file is empty"]),
    "no YAML": ("version: 1\nquiet_hours: [\n", ["3: this is not YAML"]),
    "no version": ("country: DE\n", ["1: there is no version"]),
    "an unknown key": ("version: 1\nquite_hours: {}\n", ["2: there is no 'quite_hours'; is 'quiet_hours'"]),
    "a key twice": ("version: 1\ncountry: DE\ncountry: FR\n", ["3: country stands here a second time"]),
    "a country twice": ("version: 1\ncountries:\n  FR: {}\n  FR: {}\n", ["4: FR stands here a second time"]),
    "a time that no clock shows": (
        "version: 1\nquiet_hours:\n  begins: 25:00\n", ["3: begins: '25:00' is no time of day; write for example"]
    ),
    "an hour without minutes": ("version: 1\nquiet_hours:\n  ends: 8\n", ["3: ends: '8' is no time of day"]),
    "a country by name": ("version: 1\ncountries:\n  France: {}\n", ["3: France: a country is two capital letters"]),
    "a list for countries": ("version: 1\ncountries: [FR]\n", ["2: here belong keys and values"]),
    "a day nobody knows": (
        "version: 1\nquiet_hours:\n  closed: [sunday, caturday]\n", ["3: closed: days are monday, tuesday"]
    ),
    "one day for a list": ("version: 1\nquiet_hours:\n  closed: sunday\n", ["3: closed is a list"]),
    "a purpose nobody knows": (
        "version: 1\nquiet_hours:\n  advertising: {begins: 18:00}\n", ["3: there is no 'advertising'; is 'marketing'"]
    ),
    "days without end": (
        "version: 1\nquiet_hours:\n  closed: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]\n",
        ["1: issue is closed on every day of the week"],
    ),
    "more kept for issues than there is": (
        "version: 1\nbudget:\n  day: 2\n  day_kept_for_issues: 2\n", ["3: what is kept for issues is less"]
    ),
    "no message at all": ("version: 1\ncaps:\n  loyalty: {day: 0}\n", ["3: day: a number from 1 to 1000"]),
    "a window without end": ("version: 1\ngroup_window: a while\n", ["2: group_window: 'a while' is no length"]),
    "the zone of all services": ("version: 1\nshop_zone: Europe/Paris\n", ["2: there is no 'shop_zone'"]),
    "several at once": (
        "version: has spaces\ncountry: Spain\nquiet_hours:\n  begins: late\ncountries:\n  DE: {closes: 1}\n",
        ["1: version: a version is up to", "2: country: a country is", "4: begins: 'late' is", "6: there is no 'close"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_with_every_reason_and_its_line(name: str, tmp_path: Path) -> None:
    text, reasons = WRONG[name]
    path = file_of(tmp_path, text)
    with pytest.raises(PolicyRefused) as refused:
        read(path)
    lines = str(refused.value).splitlines()
    assert len(lines) == len(reasons)
    for line, reason in zip(lines, reasons, strict=True):
        assert line.startswith(f"{path}:{reason}")


def test_the_notifier_does_not_start_with_a_wrong_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", "postgresql+asyncpg://nobody@nowhere/none")
    monkeypatch.setenv("LINK_KEYS", f"k:{'0' * 32}")
    monkeypatch.setenv("NOTIFIER_POLICY_FILE", str(file_of(tmp_path, "version: 1\nquiet_hours: {begins: late}\n")))
    with pytest.raises(ValidationError, match=r"policy.yaml:2: begins: 'late' is no time of day"):
        NotifierSettings()
    monkeypatch.setenv("NOTIFIER_POLICY_FILE", str(file_of(tmp_path, RIGHT)))
    monkeypatch.setenv("SHOP_ZONE", "Europe/Oslo")
    policy = NotifierSettings().policy()
    assert (policy.version, policy.shop_zone) == ("2026-11", "Europe/Oslo")


def test_the_command_line_checks_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["notifier", "policy", "check", str(file_of(tmp_path, RIGHT))])
    main()
    assert capsys.readouterr().out == "policy 2026-11: all right\n"
    file_of(tmp_path, "begins: 20:00")
    with pytest.raises(SystemExit) as refused:
        main()
    assert str(refused.value).count("policy.yaml:1:") == 2


@pytest.fixture
async def client(runtime_of: RuntimeOf, client_of: ClientOf, tmp_path: Path) -> httpx.AsyncClient:
    path = file_of(tmp_path, RIGHT)
    runtime = await runtime_of(application, CLOCK="simulated", NOTIFIER_POLICY_FILE=str(path))
    await runtime.fold([known(country="NO"), confirmed(9.2)], until=hour(10))
    async with runtime.transaction() as tx:
        decided: list[Any] = list(await tx.execute(text("select version, reason from decisions order by decision_id")))
    assert [tuple(row) for row in decided] == [("2026-11", "quiet_hours"), ("2026-11", "allowed")]
    return await client_of(runtime)


async def test_what_is_in_force_is_said_and_stands_in_every_decision(client: httpx.AsyncClient) -> None:
    shown = (await client.get("/v1/policy")).json()
    assert shown["version"] == "2026-11"
    assert shown["quiet_hours"]["NO"]["marketing"] == {"begins": "18:00:00", "ends": "09:30:00", "closed": ["sunday"]}
    assert shown["quiet_hours"]["*"]["issue"] == {"begins": "20:00:00", "ends": "08:00:00", "closed": []}
    assert shown["quiet_hours"]["FR"]["marketing"]["begins"] == "18:00:00"
