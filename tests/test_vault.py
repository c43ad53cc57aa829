"""Phone numbers at rest."""

import pytest

from gateway.vault import Unreadable, Vault

OLD, NEW = b"the old master key, long enough", b"the new master key, long enough"


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice() -> None:
    vault = Vault(OLD)
    first, second = vault.seal("+8619900000103"), vault.seal("+8619900000103")
    assert first != second
    assert b"19900000103" not in first
    assert vault.open(first) == vault.open(second) == "+8619900000103"


def test_after_rotation_the_old_values_open_and_the_index_still_finds_them() -> None:
    before, after = Vault(OLD), Vault(NEW, OLD)
    assert after.open(before.seal("a")) == "a"
    assert after.key_id(after.seal("a")) != before.key_id(before.seal("a"))
    assert after.index("+8619900000103") == before.index("+8619900000103")


def test_a_value_that_was_altered_or_sealed_with_another_key_is_refused() -> None:
    sealed = bytearray(Vault(OLD).seal("a"))
    sealed[-1] ^= 1
    for vault, value in ((Vault(OLD), bytes(sealed)), (Vault(NEW), Vault(OLD).seal("a"))):
        with pytest.raises(Unreadable):
            vault.open(value)
