"""Reads the settings: from the file and the environment, converted and checked."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ionport.core.blobs.s3 import read_bucket
from ionport.core.errors import InvalidInput
from ionport.core.http.proxies import TrustedProxies
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.ionapi.addresses import split_base_url
from ionport.settings import Settings, host_and_port

_MAX_DAYS = 36_500
_LONGEST_GATEWAY_TIMEOUT = 300
# Numbers with the least and the most that they may be.
_RANGES = (
    ("gateway_timeout", 1, _LONGEST_GATEWAY_TIMEOUT),
    ("search_lag", 0, _LONGEST_GATEWAY_TIMEOUT),
    ("unused_grant_days", 0, _MAX_DAYS),
    ("database_connections", 2, 500),
    ("threads", 4, 500),
    ("max_upload_mb", 1, 500),
    ("max_upload_files", 1, 500),
    ("api_calls_per_minute", 1, 100_000),
    ("max_file_mb", 1, 200),
    ("max_invoice_lines", 1, 100_000),
    ("max_attachments", 1, 1_000),
    ("export_concurrency", 1, 200),
    ("connection_concurrency", 0, 10_000),
)


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings: defaults, then the file, then the environment, then `overrides`.

    Raises:
        InvalidInput: a value that cannot be read, or a key in the file that is no setting.
    """
    environ = os.environ if environ is None else environ
    names = {item.name for item in fields(Settings)}
    values: dict[str, object] = {}
    data = Path(str(overrides.get("data") or environ.get("IONPORT_DATA") or "data"))
    config = Path(environ.get("IONPORT_CONFIG") or data / "ionport.toml")
    if config.exists():
        values.update(_read_file(config, names))
    values.update(
        {n: environ[f"IONPORT_{n.upper()}"] for n in names if f"IONPORT_{n.upper()}" in environ}
    )
    values.update({name: value for name, value in overrides.items() if value is not None})
    converted: dict[str, Any] = {name: _convert(name, value) for name, value in values.items()}
    settings = replace(Settings(), **converted)
    _check(settings)
    return settings


def _read_file(path: Path, names: set[str]) -> dict[str, object]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            _("The settings file {path} cannot be read: {reason}").format(path=path, reason=error)
        ) from error
    if unknown := sorted(set(content) - names):
        raise InvalidInput(
            _("The settings file {path} has unknown settings: {names}. Known are: {known}.").format(
                path=path, names=", ".join(unknown), known=", ".join(sorted(names))
            )
        )
    return content


def _convert(name: str, value: object) -> object:
    default = getattr(Settings(), name)
    if isinstance(default, Secret):
        return value if isinstance(value, Secret) else Secret(str(value))
    if isinstance(value, type(default)):
        return value
    text = str(value)
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                text.lower()
            ]
        return type(default)(text)
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            _("The setting IONPORT_{name} cannot be {value!r}.").format(
                name=name.upper(), value=text
            )
        ) from error


def _check_openid(settings: Settings) -> None:
    if not settings.openid_issuer:
        return
    try:
        split_base_url(settings.openid_issuer)
    except ValueError as reason:
        text = _("IONPORT_OPENID_ISSUER: the address {reason}.").format(reason=reason)
        raise InvalidInput(text) from reason
    if not settings.openid_client_id:
        raise InvalidInput(_("IONPORT_OPENID_ISSUER needs IONPORT_OPENID_CLIENT_ID."))
    if settings.openid_creates_users and not settings.openid_domain_names:
        raise InvalidInput(
            _(
                "IONPORT_OPENID_CREATES_USERS needs IONPORT_OPENID_DOMAINS: or everybody with an"
                " account at the provider would get one here."
            )
        )


def _check_readable(settings: Settings) -> None:
    readers = {"blobs_url": read_bucket, "trusted_proxies": TrustedProxies.parse}
    for name, read in readers.items():
        try:
            if value := getattr(settings, name):
                read(value)
        except InvalidInput as error:
            raise InvalidInput(f"IONPORT_{name.upper()}: {error.text}") from error


def _check(settings: Settings) -> None:
    for name in ("public_url", "gateway_url"):
        url = getattr(settings, name)
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
            raise InvalidInput(
                _("IONPORT_{name} must be an http or https address such as https://host.").format(
                    name=name.upper()
                )
            )
    _check_openid(settings)
    _check_readable(settings)
    if settings.clamd and host_and_port(settings.clamd) is None:
        raise InvalidInput(_("IONPORT_CLAMD is host:port, such as 127.0.0.1:3310."))
    if settings.client_secrets not in ("kept", "once"):
        raise InvalidInput(_("IONPORT_CLIENT_SECRETS is either kept or once."))
    if settings.allow_loopback_addresses not in ("auto", "true", "false"):
        raise InvalidInput(_("IONPORT_ALLOW_LOOPBACK_ADDRESSES is auto, true or false."))
    for name, low, high in _RANGES:
        if not low <= getattr(settings, name) <= high:
            text = _("IONPORT_{name} is a number from {low} to {high}.")
            raise InvalidInput(text.format(name=name.upper(), low=low, high=high))
    if settings.log_format not in ("text", "json"):
        raise InvalidInput(_("IONPORT_LOG_FORMAT is either text or json."))
    if settings.database_url and not settings.database_url.startswith("postgresql"):
        raise InvalidInput(
            _(
                "IONPORT_DATABASE_URL takes a PostgreSQL address (postgresql://…); without it the"
                " data folder holds a SQLite database."
            )
        )
