from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ionport.core.errors import Unavailable
from ionport.core.sealing import (
    KeyRing,
    SealedFor,
    create_key_ring,
    load_key_ring,
    write_key_ring,
)
from ionport.core.secrets import Secret

OWNER = SealedFor("connection", "org_1", "con_1")


def test_what_was_sealed_opens_for_its_row_only() -> None:
    ring = KeyRing.generate()
    sealed = ring.seal(Secret("open sesame"), OWNER)
    assert ring.open_secret(sealed, OWNER) == Secret("open sesame")
    for other in (
        SealedFor("token", "org_1", "con_1"),
        SealedFor("connection", "org_2", "con_1"),
        SealedFor("connection", "org_1", "con_2"),
    ):
        with pytest.raises(Unavailable):
            ring.open(sealed, other)


def test_another_key_ring_opens_nothing() -> None:
    sealed = KeyRing.generate().seal(b"x", OWNER)
    with pytest.raises(Unavailable, match="key file"):
        KeyRing.generate().open(sealed, OWNER)


@pytest.mark.parametrize(
    "damaged", ["", "k1", "k1.", "k1.####", "k1.AAAA", "k9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
)
def test_a_damaged_value_is_refused_in_plain_words(damaged: str) -> None:
    with pytest.raises(Unavailable):
        KeyRing.generate().open(damaged, OWNER)


def test_a_rotated_ring_opens_old_values_and_seals_with_the_new_key() -> None:
    old = KeyRing.generate()
    sealed = old.seal(b"x", OWNER)
    new = KeyRing.from_text(old.with_new_key().to_text())
    assert new.open(sealed, OWNER) == b"x"
    assert not new.is_current(sealed)
    assert new.is_current(new.seal(b"x", OWNER))
    assert new.digest(Secret("a")) == old.digest(Secret("a"))


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert load_key_ring(path) is None
    first = create_key_ring(path)
    assert create_key_ring(path).to_text() == first.to_text()
    write_key_ring(path, first.with_new_key())
    found = load_key_ring(path)
    assert found is not None
    assert found.has(first.current)
    assert found.current != first.current
    assert {stat.S_IMODE(item.stat().st_mode) for item in tmp_path.iterdir()} == {0o600}


def test_a_rotation_keeps_the_file_before_it_and_is_on_the_disk_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "keys.json", []
    first = create_key_ring(path)

    def noted(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", noted)
    write_key_ring(path, first.with_new_key())
    assert synced[-1] == str(tmp_path)
    assert all(name.endswith(".new") for name in synced[:-1])
    kept = load_key_ring(tmp_path / "keys.json.previous")
    assert kept is not None
    assert kept.to_text() == first.to_text()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["keys.json", "keys.json.previous"]


def test_two_new_keys_of_one_ring_never_have_one_id() -> None:
    ring = KeyRing.generate()
    assert len({ring.with_new_key().current for _ in range(100)}) == 100


def test_a_key_file_that_is_no_key_ring_is_named() -> None:
    with pytest.raises(Unavailable, match="key ring cannot be read"):
        KeyRing.from_text('{"keys": []}')
