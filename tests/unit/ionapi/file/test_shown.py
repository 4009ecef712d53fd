"""What is written and shown of an `.ionapi` file."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from ionport.ionapi import IonApiFile, Secret
from tests.unit.ionapi.cloud import content, parsed
from tests.unit.ionapi.loopback import TENANT, credentials


def test_a_service_accounts_file_is_written_in_infors_order() -> None:
    expected = "ti cn dt ci cs iu pu oa ot or ev v saak sask"
    assert list(json.loads(parsed().to_bytes())) == expected.split()


def test_scopes_are_written_before_ev_and_web_files_in_their_order() -> None:
    scoped = parsed(sc=["Infor-ION"])
    assert list(json.loads(scoped.to_bytes()))[9:12] == ["or", "sc", "ev"]
    web = parsed(saak=None, sask=None, ru="https://www.infor.com")
    expected = "ti cn dt ci cs iu pu oa ot or ru ev v"
    assert list(json.loads(web.to_bytes())) == expected.split()


def test_what_is_written_is_read_again() -> None:
    file = parsed(cn="Prüfung #1", sc=["Infor-ION"])
    written = file.to_bytes()
    assert not written.startswith(b"\xef\xbb\xbf")
    assert "Prüfung".encode() in written
    assert IonApiFile.parse(written) == file


def test_the_fingerprint_follows_the_content_and_not_the_layout() -> None:
    one = IonApiFile.parse(json.dumps(content(), indent=4))
    other = IonApiFile.parse(json.dumps(dict(reversed(content().items()))))
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != parsed(sask="Q" * 86).fingerprint
    assert one.fingerprint != parsed(cs="T" * 86).fingerprint
    assert len(one.fingerprint) == 32


def test_nothing_shown_contains_a_secret() -> None:
    file = parsed(password="extra-secret")
    shown = f"{file!r}{file}{file.explain()}{file.redacted()}{file.validate()}"
    for secret in ("S" * 10, "K" * 10, "P" * 10, "extra-secret"):
        assert secret not in shown
    assert file.redacted()["ci"] == f"{TENANT}~cccc…"
    assert set(file.redacted()["sask"]) == {"•"}


def test_every_key_is_explained_in_the_files_order() -> None:
    rows = parsed().explain()
    assert [row[0] for row in rows] == list(content())
    assert ("ti", TENANT, "Tenant identifier") in rows


def test_a_secret_is_compared_copied_and_never_printed_or_pickled() -> None:
    secret = Secret("abcdefgh")
    assert secret == Secret("abcdefgh")
    assert secret != Secret("abcdefgi")
    assert secret != "abcdefgh"
    assert hash(secret) == hash(Secret("abcdefgh"))
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret
    assert bool(secret)
    assert not Secret("")
    assert "abcdefgh" not in f"{secret} {secret!r} {secret:>20} {secret!s}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_the_helpers_file_is_a_file_without_remarks() -> None:
    assert credentials("http://127.0.0.1:1").validate() == []
