from __future__ import annotations

from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.settings import Side
from ionport.settings_reading import load_settings


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "ionport.toml").write_text('port = 9000\nside = "infor"\n', encoding="utf-8")
    settings = load_settings({"IONPORT_DATA": str(tmp_path), "IONPORT_PORT": "9001"})
    assert (settings.port, settings.side) == (9001, Side.INFOR)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("SIDE", "left"),
        ("PUBLIC_URL", "ftp://host"),
        ("ALLOW_PRIVATE_ADDRESSES", "maybe"),
        ("ALLOW_LOOPBACK_ADDRESSES", "maybe"),
        ("DATABASE_URL", "mysql://host/db"),
        ("BLOBS_URL", "bucket"),
        ("BLOBS_URL", "s3://key:secret@bucket"),
        ("BLOBS_URL", "s3://bucket?endpoint=host:9000"),
        ("LOG_FORMAT", "xml"),
        ("UNUSED_GRANT_DAYS", "-1"),
        ("UNUSED_GRANT_DAYS", "99999999"),
        ("GATEWAY_TIMEOUT", "301"),
        ("DATABASE_CONNECTIONS", "1"),
        ("THREADS", "501"),
        ("MAX_UPLOAD_MB", "0"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=f"IONPORT_{name}"):
        load_settings({f"IONPORT_{name}": value})


@pytest.mark.parametrize(
    ("public_url", "setting", "allowed"),
    [
        ("", "auto", True),
        ("http://localhost:8400", "auto", True),
        ("https://ionport.example.com", "auto", False),
        ("http://10.0.0.1", "auto", False),
        ("http://127.0.0.1:8400", "false", False),
        ("https://ionport.example.com", "true", True),
    ],
)
def test_loopback_is_allowed_when_the_public_address_is_there_or_by_setting(
    public_url: str, setting: str, allowed: bool
) -> None:
    values = {"IONPORT_PUBLIC_URL": public_url, "IONPORT_ALLOW_LOOPBACK_ADDRESSES": setting}
    assert load_settings(values).allows_loopback is allowed


def test_an_unknown_setting_in_the_file_is_named_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "ionport.toml").write_text("prot = 9000\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"prot.*Known are: .*port"):
        load_settings({"IONPORT_DATA": str(tmp_path)})


def test_the_host_header_never_makes_an_address() -> None:
    settings = load_settings({"IONPORT_PUBLIC_URL": "https://ion.example.com/"})
    assert settings.origin == settings.gateway_origin == "https://ion.example.com"
    assert settings.allowed_hosts == ("ion.example.com",)


def test_the_key_ring_does_not_show_in_the_settings() -> None:
    settings = load_settings({"IONPORT_KEYS": "planted-key-ring"})
    assert "planted-key-ring" not in repr(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"ISSUER": "idp.example.com", "CLIENT_ID": "x"},
        {"ISSUER": "http://idp.example.com", "CLIENT_ID": "x"},
        {"ISSUER": "https://user:secret@idp.example.com", "CLIENT_ID": "x"},
        {"ISSUER": "https://idp.example.com"},
        {"ISSUER": "https://idp.example.com", "CLIENT_ID": "x", "CREATES_USERS": "true"},
    ],
)
def test_a_provider_that_would_let_anybody_in_is_refused(settings: dict[str, str]) -> None:
    environ = {f"IONPORT_OPENID_{name}": value for name, value in settings.items()}
    with pytest.raises(InvalidInput, match="IONPORT_OPENID"):
        load_settings(environ)


def test_the_secret_of_the_provider_comes_from_a_file_and_shows_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("kept in a file\n", encoding="utf-8")
    settings = load_settings({"IONPORT_OPENID_CLIENT_SECRET_FILE": str(file)})
    assert settings.openid_secret().reveal() == "kept in a file"
    file.unlink()
    with pytest.raises(InvalidInput, match="CLIENT_SECRET_FILE"):
        settings.openid_secret()
    shown = load_settings({"IONPORT_OPENID_CLIENT_SECRET": "typed in"})
    assert shown.openid_secret().reveal() == "typed in"
    assert "typed in" not in repr(shown)
