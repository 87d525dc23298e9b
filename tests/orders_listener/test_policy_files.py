"""A policy file says what it says, and a wrong one says all that is wrong with it."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.policy_files import PolicyRefused
from orders_listener.__main__ import main
from orders_listener.policy import DEFAULT, Lane, Limits
from orders_listener.policy_files import read
from orders_listener.settings import OrdersListenerSettings
from tests.sources import ROOT

README = ROOT / "services" / "orders-listener" / "README.md"
RIGHT = """
version: 2026-11
return_window: 30 days
warning_lead: 36 hours
ships_from: DE
limits:
  transit: 2 working days
  handover: 40 minutes
carriers:
  nordship:
    working_days: [monday, tuesday, wednesday, thursday, friday, saturday]
    transit: 4 working days
lanes:
  - from: DE
    to: "NO"
    transit_abroad: 6 working days
  - to: ES
    region: ES-CN
    carrier: nordship
    lost: 45 days
"""


def file_of(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_the_file_says_holds_and_everything_else_as_before(tmp_path: Path) -> None:
    policy = read(file_of(tmp_path, RIGHT))
    assert (policy.version, policy.return_window, policy.warning_lead) == (
        "2026-11",
        timedelta(30),
        timedelta(hours=36),
    )
    assert policy.scan_silence == DEFAULT.scan_silence
    assert policy.limits == Limits(transit="2 working days", handover="40 minutes")


def test_the_readme_shows_a_policy_and_names_every_limit(tmp_path: Path) -> None:
    page = README.read_text(encoding="utf-8")
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    assert read(file_of(tmp_path, shown)).terms(Lane("nordship", "DE", "GB")).limits.held == "3 working days"
    assert [name for name in Limits.__struct_fields__ if f"`{name}`" not in page] == []


def test_the_later_lane_wins(tmp_path: Path) -> None:
    policy = read(file_of(tmp_path, RIGHT.replace('"NO"', "NO")))  # Norway, not a no
    assert policy.terms(Lane("nordship", "DE", "NO")).limits.transit_abroad == "6 working days"
    assert policy.terms(Lane("nordship", "DE", "NO")).limits.transit == "4 working days"
    assert policy.terms(Lane("nordship", "DE", "ES", "ES-CN")).limits.lost == "45 days"
    assert policy.terms(Lane("rapidus", "DE", "ES", "ES-CN")).limits == policy.limits
    assert policy.terms(Lane("nordship")).working_days == {
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"
    }  # fmt: skip


WRONG: dict[str, tuple[str, list[str]]] = {
    "nothing at all": ("", ["1: the file is empty"]),
    "no mapping": ("- a\n", ["1: here belong keys and values", "1: there is no version"]),
    "no YAML": ("version: 1\nlimits: [\n", ["3: this is not YAML"]),
    "no version": ("limits:\n  transit: 1 working day\n", ["1: there is no version"]),
    "an unknown key": ("version: 1\nreturn_windows: 3 days\n", ["2: there is no 'return_windows'; is 'return_window'"]),
    "an unknown limit": ("version: 1\nlimits:\n  transitt: 1 day\n", ["3: there is no 'transitt'; is 'transit'"]),
    "a key twice": ("version: 1\nversion: 2\n", ["2: version stands here a second time"]),
    "a limit in weeks": ("version: 1\nlimits:\n  lost: 4 weeks\n", ["3: lost: '4 weeks' is no length"]),
    "a limit below zero": ("version: 1\nlimits:\n  lost: -4 days\n", ["3: lost: '-4 days' is no length"]),
    "a list for a value": ("version: 1\nlimits:\n  lost: [1 day]\n", ["3: lost is one value, not several"]),
    "working days of a clock": ("version: 1\nreturn_window: 3 working days\n", ["2: return_window: this is counted"]),
    "a country by name": ("version: 1\nships_from: Germany\n", ["2: ships_from: a country is two capital letters"]),
    "a weekday nobody knows": (
        "version: 1\ncarriers:\n  dhl:\n    working_days: [monday, caturday]\n", ["4: 'caturday' is none of monday"]
    ),
    "no weekday": ("version: 1\ncarriers:\n  dhl:\n    working_days: []\n", ["4: working_days is a list of weekdays"]),
    "carriers as a list": ("version: 1\ncarriers: [dhl]\n", ["2: here belong carriers by name"]),
    "lanes as a mapping": ("version: 1\nlanes: {}\n", ["2: here belongs a list of lanes"]),
    "a lane without a place": ("version: 1\nlanes:\n  - lost: 3 days\n", ["3: which lane?"]),
    "the zone of all services": ("version: 1\nshop_zone: Europe/Paris\n", ["2: there is no 'shop_zone'"]),
    "a list for a weekday": (
        "version: 1\ncarriers:\n  dhl:\n    working_days: [[monday]]\n", ["4: a list is none of monday"]
    ),
    "a list for a key": ("version: 1\n? [a, b]\n: 3 days\n", ["2: a key is one word"]),
    "a list for a carrier": ("version: 1\ncarriers:\n  ? [a, b]\n  : {lost: 3 days}\n", ["3: a key is one word"]),
    "numbers that contradict each other": (
        "version: 1\nlimits: {lost: 9 days}\nat_risk_after_percent: 400\n", ["3: at_risk_after_percent is less"]
    ),
    "several at once": (
        "version: has spaces\nlimits:\n  lost: soon\n  held: never\nlanes:\n  - to: Spain\n",
        ["1: version: a version is up to 32", "3: lost: 'soon' is", "4: held: 'never' is", "6: to: a country is two"],
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


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="No such file"):
        read(tmp_path / "nowhere.yaml")


def test_a_service_does_not_start_with_a_wrong_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_LISTENER_DATABASE_URL", "postgresql+asyncpg://nobody@nowhere/none")
    monkeypatch.setenv("LINK_KEYS", f"k:{'0' * 32}")
    monkeypatch.setenv("ORDERS_LISTENER_POLICY_FILE", str(file_of(tmp_path, "version: 1\nlimits:\n  lost: soon\n")))
    with pytest.raises(ValidationError, match=r"policy.yaml:3: lost: 'soon' is no length"):
        OrdersListenerSettings()
    monkeypatch.setenv("ORDERS_LISTENER_POLICY_FILE", str(file_of(tmp_path, RIGHT)))
    assert OrdersListenerSettings().policy().version == "2026-11"


def test_the_command_line_checks_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["orders-listener", "policy", "check", str(file_of(tmp_path, RIGHT))])
    main()
    assert capsys.readouterr().out == "policy 2026-11: all right\n"
    file_of(tmp_path, "lost: soon")
    with pytest.raises(SystemExit) as refused:
        main()
    assert str(refused.value).count("policy.yaml:1:") == 2


@pytest.mark.parametrize("days", ["0", "-1", "99999999999", "ten"])
def test_a_past_that_nobody_has_is_not_tried(
    days: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(file_of(tmp_path, RIGHT))
    monkeypatch.setattr(sys, "argv", ["orders-listener", "policy", "try", file, f"--days={days}"])
    with pytest.raises(SystemExit):
        main()
    assert f"argument --days: '{days}' is no number of days from 1 to" in capsys.readouterr().err


def test_numbers_about_customers_are_of_the_file_too(tmp_path: Path) -> None:
    policy = read(file_of(tmp_path, "version: v\norder_milestones: [3, 6]\nlapsed_after_percent: 200\n"))
    assert (policy.order_milestones, policy.lapsed_after_percent) == ((3, 6), 200)
    with pytest.raises(PolicyRefused, match=r"policy\.yaml:2: order_milestones"):
        read(file_of(tmp_path, "version: v\norder_milestones: [3, six]\n"))
    with pytest.raises(PolicyRefused, match="less than lapsed_after_percent"):
        read(file_of(tmp_path, "version: v\nlapsed_after_percent: 100\n"))
