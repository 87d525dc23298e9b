"""Secrets as files: one file is one variable, and what cannot be read is named, never shown."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from toy.app import ToySettings

from chassis.environment import settings_problem
from chassis.secret_files import LARGEST_BYTES, take_in

URL = "postgresql+asyncpg://toy:hunter2@db/toy"
KEYS = "k:" + "s" * 32


def test_a_file_gives_the_variable_of_its_name_and_wins_over_it(tmp_path: Path) -> None:
    (tmp_path / "LINK_KEYS").write_text(KEYS + "\n")
    found = {"SECRETS_DIRECTORY": str(tmp_path), "LINK_KEYS": "left behind", "LOG_LEVEL": "DEBUG"}
    assert take_in(found) == {}
    assert (found["LINK_KEYS"], found["LOG_LEVEL"]) == (KEYS, "DEBUG")


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret\n\n", "secret\n"),
        (b" secret \n", " secret "),
        (b"", ""),
        ("schlüssel".encode(), "schlüssel"),
    ],
)
def test_one_line_end_is_no_part_of_a_secret(tmp_path: Path, content: bytes, value: str) -> None:
    (tmp_path / "SMTP_PASSWORD").write_bytes(content)
    found = {"SECRETS_DIRECTORY": str(tmp_path)}
    assert take_in(found) == {}
    assert found["SMTP_PASSWORD"] == value


def test_what_lies_beside_secrets_is_left_alone(tmp_path: Path) -> None:
    """As Kubernetes mounts them: links to a hidden folder that is exchanged as a whole; certificates beside them."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "LINK_KEYS").write_text(KEYS)
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "LINK_KEYS").symlink_to("..data/LINK_KEYS")
    (tmp_path / "ca.crt").write_text("a certificate")
    (tmp_path / "FOLDER").mkdir()
    found = {"SECRETS_DIRECTORY": str(tmp_path)}
    assert take_in(found) == {}
    assert found.keys() == {"SECRETS_DIRECTORY", "LINK_KEYS"}


def test_what_cannot_be_a_secret_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "AWAY").symlink_to("nowhere")
    (tmp_path / "HUGE").write_bytes(b"h" * (LARGEST_BYTES + 1))
    (tmp_path / "NUL").write_bytes(b"hunter2\0")
    (tmp_path / "LATIN").write_bytes("schlüssel".encode("latin-1"))
    found = {"SECRETS_DIRECTORY": str(tmp_path)}
    problems = take_in(found)
    assert {name: words.split(": ")[-1] for name, words in problems.items()} == {
        "AWAY": "No such file or directory",
        "HUGE": f"its file in SECRETS_DIRECTORY has more than {LARGEST_BYTES} bytes",
        "LATIN": "its file in SECRETS_DIRECTORY is not UTF-8",
        "NUL": "its file in SECRETS_DIRECTORY has a NUL byte",
    }
    assert found.keys() == {"SECRETS_DIRECTORY"}


def test_a_folder_that_is_away_is_named(tmp_path: Path) -> None:
    assert take_in({"SECRETS_DIRECTORY": str(tmp_path / "away")}).keys() == {"SECRETS_DIRECTORY"}


def test_files_and_variables_are_found_wrong_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "TOY_DATABASE_URL").write_bytes(b"hunter2\0")
    (tmp_path / "LINK_KEYS").write_text("k:hunter2")
    monkeypatch.setenv("SECRETS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("LINK_KEYS", "overwritten")
    monkeypatch.setenv("PARTITIONS", "none")
    with pytest.raises(ValidationError) as refused:
        ToySettings()
    told = settings_problem(refused.value)
    assert told.count("TOY_DATABASE_URL") == told.count("  LINK_KEYS: ") == told.count("  PARTITIONS: ") == 1
    assert "hunter2" not in told


def test_settings_come_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "TOY_DATABASE_URL").write_text(URL + "\n")
    (tmp_path / "LINK_KEYS").write_text(KEYS + "\n")
    for name in ("TOY_DATABASE_URL", "LINK_KEYS"):
        monkeypatch.setenv(name, "wrong")  # put back afterwards
    monkeypatch.setenv("SECRETS_DIRECTORY", str(tmp_path))
    settings = ToySettings()
    assert settings.database_url.get_secret_value() == URL
    assert settings.link_keys.get_secret_value() == KEYS
