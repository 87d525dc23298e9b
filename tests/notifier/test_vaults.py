"""Keys of persons: bound to them, wrapped, and rewrapped under a new master key."""

from base64 import b64encode

import pytest

from notifier.vaults import Unopenable, Vault, decrypted, encrypted

OLD, NEW = (f"{name}:{b64encode(name.encode() * 32).decode()}" for name in "on")


def test_what_is_encrypted_under_a_persons_key_is_read_with_it_and_looks_different_every_time() -> None:
    vault = Vault.from_setting(OLD)
    key = vault.unwrap(vault.new_key("ada"), "ada")
    once, again = encrypted(key, b"Ada", "ada"), encrypted(key, b"Ada", "ada")
    assert once != again
    assert b"Ada" not in once
    assert decrypted(key, once, "ada") == decrypted(key, again, "ada") == b"Ada"


def test_a_key_and_a_document_open_only_for_whom_they_belong_to() -> None:
    vault = Vault.from_setting(OLD)
    wrapped = vault.new_key("ada")
    with pytest.raises(Unopenable):
        vault.unwrap(wrapped, "bea")
    key = vault.unwrap(wrapped, "ada")
    with pytest.raises(Unopenable):
        decrypted(key, encrypted(key, b"Ada", "ada"), "bea")


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 60])
def test_damaged_bytes_are_not_opened(content: bytes) -> None:
    vault = Vault.from_setting(OLD)
    with pytest.raises(Unopenable):
        decrypted(vault.unwrap(vault.new_key("ada"), "ada"), content, "ada")


def test_a_new_master_key_wraps_and_the_old_one_still_unwraps() -> None:
    wrapped = Vault.from_setting(OLD).new_key("ada")
    both = Vault.from_setting(f"{NEW}, {OLD}")
    content = encrypted(both.unwrap(wrapped, "ada"), b"Ada", "ada")
    moved = both.rewrapped(wrapped, "ada")
    assert (both.new_key("bea").master_id, moved.master_id) == ("n", "n")
    assert decrypted(Vault.from_setting(NEW).unwrap(moved, "ada"), content, "ada") == b"Ada"
    with pytest.raises(Unopenable, match="no master key is called o"):
        Vault.from_setting(NEW).unwrap(wrapped, "ada")


@pytest.mark.parametrize("setting", ["", "a", ":AAAA", "a:AAAA", "a:???", f"{OLD},{OLD}"])
def test_a_setting_without_a_usable_key_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="NOTIFIER_MASTER_KEYS"):
        Vault.from_setting(setting)


def test_a_vault_does_not_show_its_keys() -> None:
    assert "AESGCM" not in repr(Vault.from_setting(OLD))
