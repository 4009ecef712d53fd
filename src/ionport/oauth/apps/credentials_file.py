"""Writes the `.ionapi` file.

Keys, order, shapes and forms of URLs: docs/reference/credentials.md#the-file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ionport.core.secrets import Secret
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.tenant.endpoints import PATHS, Endpoints
from ionport.oauth.tenant.settings import UrlFlavour

# The one value that Infor's files of backend services carry; its meaning is not published.
_DT = "12"
_VERSION = "1.0"
_VERSION_WITH_SCOPES = "1.1"
_SECRETS = ("cs", "saak", "sask")


class EnvironmentTool(StrEnum):
    """An API client that environments are made for."""

    POSTMAN = "postman"
    BRUNO = "bruno"


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    """A file for an API client; `content` may hold a secret, so it does not print."""

    filename: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceAccountKeys:
    """Access key and secret key of a service account, in the clear, for one file.

    `scopes` are those that the account may use.
    """

    account_id: str
    access_key: str
    secret_key: Secret
    scopes: tuple[str, ...] = ()


def credentials_content(
    app: AuthorizedApp,
    client_secret: Secret | None,
    endpoints: Endpoints,
    environment_stamp: str,
    keys: ServiceAccountKeys | None = None,
    *,
    flavour: UrlFlavour = UrlFlavour.CLOUD,
    scopes: Sequence[str] = (),
) -> bytes:
    """Return the file's bytes: one JSON object in UTF-8 without BOM, keys in the type's order.

    `environment_stamp` is `ev`, the same for all files of an installation. A public app's file
    has no `cs`; without `keys` there is no `saak` and no `sask`; `scopes` are those enforced.
    """
    paths = PATHS[flavour]
    values: dict[str, str | list[str]] = {"ti": app.tenant_id, "cn": app.name}
    if not app.type.is_mobile:
        values["dt"] = _DT
    values["ci"] = app.client_id
    if client_secret is not None:
        values["cs"] = client_secret.reveal()
    values |= {
        "iu": endpoints.iu,
        "pu": endpoints.pu(app.tenant_id),
        "oa": paths.authorization,
        "ot": paths.token,
        "or": paths.revocation,
    }
    if app.redirect_urls:
        values["ru"] = app.redirect_urls[0]
    if scopes:
        values["sc"] = [*scopes]
    values |= {"ev": environment_stamp, "v": _VERSION_WITH_SCOPES if scopes else _VERSION}
    if keys is not None:
        values |= {"saak": keys.access_key, "sask": keys.secret_key.reveal()}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def credentials_filename(app: AuthorizedApp) -> str:
    """Return `<app name>.ionapi`, blanks kept; what no file system takes becomes `_`."""
    return f"{_base_name(app)}.ionapi"


def environment_file(
    tool: EnvironmentTool, app: AuthorizedApp, credentials: bytes
) -> EnvironmentFile:
    """Return a credentials file as an environment of an API client, one variable per key."""
    makers = {EnvironmentTool.POSTMAN: _postman, EnvironmentTool.BRUNO: _bruno}
    variables = _variables(credentials)
    # Requests of a collection name it whether scopes are enforced or not.
    variables["scopes"] = variables.get("sc") or " ".join(app.scopes)
    return makers[tool](app, variables)


def _postman(app: AuthorizedApp, named: dict[str, str]) -> EnvironmentFile:
    variables = dict.fromkeys(_SECRETS, "") | named
    values = [
        {
            "key": name,
            "value": text,
            "type": "secret" if name in _SECRETS else "default",
            "enabled": True,
        }
        for name, text in variables.items()
    ]
    content = {"name": app.name, "values": values, "_postman_variable_scope": "environment"}
    return EnvironmentFile(
        f"{_base_name(app)}.postman_environment.json", json.dumps(content, indent=2).encode()
    )


def _bruno(app: AuthorizedApp, variables: dict[str, str]) -> EnvironmentFile:
    # Bruno keeps secrets apart and on the user's machine: its file only names them.
    plain = [f"  {name}: {text}" for name, text in variables.items() if name not in _SECRETS]
    named = ",\n".join(f"  {name}" for name in _SECRETS)
    lines = ["vars {", *plain, "}", "vars:secret [", named, "]", ""]
    return EnvironmentFile(f"{_base_name(app)}.bru", "\n".join(lines).encode())


def _variables(credentials: bytes) -> dict[str, str]:
    values = json.loads(credentials)
    return {
        name: " ".join(value) if isinstance(value, list) else value
        for name, value in values.items()
    }


def _base_name(app: AuthorizedApp) -> str:
    return re.sub(r'[/\\:*?"<>|]', "_", app.name)
